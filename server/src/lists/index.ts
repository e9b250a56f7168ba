export {
  checkCarrier,
  type CheckCarrierDeps,
  type CheckCarrierInput,
  type CheckStep,
  type Probe,
} from './check-carrier.ts';
export { createList, createListWithin, type CreateListDeps, type NewListInput } from './create-list.ts';
export { explainDetail } from './explain-detail.ts';
export { addList, changeList, deleteList, type ListWrite, type ManageListDeps } from './manage-lists.ts';
export { getList, type ListReaderDeps } from './get-list.ts';
export { listLists, type RawListQuery } from './list-lists.ts';
export { toListSettings } from './list-settings.ts';
export {
  listPageSchema,
  listSchema,
  listSettingsPatchSchema,
  type ListPage,
  type ListView,
} from './list-view-schemas.ts';
export type { OperatorList } from './operator-list.ts';
export { listAllLists, setList, type SetListDeps, type SetListInput } from './set-list.ts';
export { type CarrierFinding, type ListVerification, verifyList, type VerifyListDeps } from './verify-list.ts';

export type { AccountView, KeyView } from './account-view.ts';
export { type DirectoryOptions, openDirectory } from './directory.ts';
export type * from './directory-types.ts';
export { createDemo, type DemoResult } from './first-start.ts';
export {
  createAccount,
  findAccount,
  listAccounts,
  type OperatorDeps,
  resumeAccount,
  suspendAccount,
} from './manage-accounts.ts';
export {
  createKey,
  type CreatedKey,
  listKeys,
  type NewKeyInput,
  pauseKey,
  resumeKey,
  revokeKey,
} from './manage-keys.ts';
export { getSetupStatus, type SetupStatus } from './get-setup-status.ts';
export { settingFields } from './settings.ts';
export { getSettings, type SettingsAnswer, type SettingsDeps, updateSettings } from './update-settings.ts';
export { whoAmI, type WhoAmI } from './who-am-i.ts';
export { pauseCallingKey, type PauseCallingKeyDeps, type PausedKey } from './pause-calling-key.ts';
export { findV1Sender, isV1Sender } from './v1-sender.ts';

import type { Caller } from '../accounts/index.ts';
import { addBlock, listBlocks, removeBlock } from './blocks.ts';
import type { ContactDeps, WriteInput } from './contact-deps.ts';
import { exportContacts } from './export-contacts.ts';
import { getJob, getJobErrors } from './import/read-jobs.ts';
import { type UploadInput, uploadImport } from './import/upload-import.ts';
import { getContact, listContacts } from './read-contacts.ts';
import { removeContact } from './remove-contact.ts';
import { saveContact } from './save-contact.ts';
import { saveContacts } from './save-contacts.ts';
import { updateContact } from './update-contact.ts';
import { getV1Contact, listV1Contacts } from './v1-contacts.ts';
import { optOutV1 } from './v1-opt-out.ts';

/** The verbs about contacts, bound to what they need. */
export type ContactVerbs = ReturnType<typeof bindContactVerbs>;

type Query = Readonly<Record<string, string>>;

export function bindContactVerbs(deps: ContactDeps) {
  return {
    save: (caller: Caller, input: WriteInput) => saveContact(deps, caller, input),
    saveMany: (caller: Caller, input: WriteInput) => saveContacts(deps, caller, input),
    list: (caller: Caller, query: Query) => listContacts(deps, caller, query),
    get: (caller: Caller, input: { readonly phone: string }) => getContact(deps, caller, input),
    update: (caller: Caller, input: WriteInput) => updateContact(deps, caller, input),
    remove: (caller: Caller, input: WriteInput) => removeContact(deps, caller, input),
    addBlock: (caller: Caller, input: WriteInput) => addBlock(deps, caller, input),
    listBlocks: (caller: Caller, query: Query) => listBlocks(deps, caller, query),
    removeBlock: (caller: Caller, input: { readonly id: string }) => removeBlock(deps, caller, input),
    upload: (caller: Caller, input: UploadInput) => uploadImport(deps, caller, input),
    export: (caller: Caller, query: Query) => exportContacts(deps, caller, query),
    getJob: (caller: Caller, input: { readonly id: string }) => getJob(deps, caller, input),
    getJobErrors: (caller: Caller, input: { readonly id: string }) => getJobErrors(deps, caller, input),
    getV1: (caller: Caller, input: { readonly phone: string }) => getV1Contact(deps, caller, input),
    listV1: (caller: Caller, query: Query) => listV1Contacts(deps, caller, query),
    optOutV1: (caller: Caller, input: WriteInput) => optOutV1(deps, caller, input),
  };
}

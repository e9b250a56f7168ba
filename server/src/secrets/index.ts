export { createCredentialReader, type CredentialReader } from './credential-reader.ts';
export type { Credentials } from './credentials.ts';
export { type NewSecret, replaceSecretKey } from './replace-secret-key.ts';
export { rotateDataKey, type Rotation } from './rotate-data-key.ts';
export { bindDataFolder, type InstallationKeys } from './bind-data-folder.ts';
export { storeCredentials } from './store-credentials.ts';

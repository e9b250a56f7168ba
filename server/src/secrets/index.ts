export { type AnswerCover, createAnswerCover } from './answer-cover.ts';
export { createCredentialReader, type CredentialReader } from './credential-reader.ts';
export type { Credentials } from './credentials.ts';
export { replaceSecretKey } from './replace-secret-key.ts';
export { rotateDataKey } from './rotate-data-key.ts';
export { rotateSecrets, type SecretsRotation } from './rotate-secrets.ts';
export { bindDataFolder, type InstallationKeys } from './bind-data-folder.ts';
export { storeCredentials } from './store-credentials.ts';
export { createVault, type Vault } from './vault.ts';

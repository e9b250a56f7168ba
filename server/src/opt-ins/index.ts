export { optInAnswerSchema, optInFields } from './opt-in-fields.ts';
export { createOptInPages, type OptInPage, type OptInPages, type SubmitResult, type Visitor } from './opt-in-pages.ts';
export { takeOptIn } from './take-opt-in.ts';

export { type LogFacts, toBacklogCheck } from './check-backlog.ts';
export { checkCarriers } from './check-carriers.ts';
export { checkDatabase } from './check-database.ts';
export { checkDisk } from './check-disk.ts';
export { checkMessageBooks } from './check-message-books.ts';
export { checkWork } from './check-work.ts';
export type { HealthCheck } from './health-check.ts';

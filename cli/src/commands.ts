import type { Command } from './command.ts';
import { accountCommands } from './commands/accounts.ts';
import { carrierCommands } from './commands/carriers.ts';
import { consentCommands } from './commands/consents.ts';
import { contactCommands } from './commands/contacts.ts';
import { doctorCommand } from './commands/doctor.ts';
import { keyCommands } from './commands/keys.ts';
import { listCommands } from './commands/lists.ts';
import { messageCommands } from './commands/messages.ts';
import { migrateCommand } from './commands/migrate.ts';
import { secretCommands } from './commands/secrets.ts';
import { sendCommand } from './commands/send.ts';
import { simulateCommand } from './commands/simulate.ts';
import { upCommand } from './commands/up.ts';

/** Everything that can be done, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  upCommand,
  migrateCommand,
  ...accountCommands,
  ...keyCommands,
  ...listCommands,
  sendCommand,
  ...messageCommands,
  ...contactCommands,
  ...consentCommands,
  ...carrierCommands,
  simulateCommand,
  ...secretCommands,
  doctorCommand,
];

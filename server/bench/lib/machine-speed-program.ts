/* Prints how fast the machine is just now, as one line of JSON. Takes a folder for the database of `database-speed.ts`. */
import { measureDatabaseSpeed } from './database-speed.ts';
import { describeMachine } from './machine.ts';
import { measureMachineSpeed } from './machine-speed.ts';

const [dataDir = ''] = process.argv.slice(2);
const times = { ...(await measureMachineSpeed()), databaseMs: await measureDatabaseSpeed(dataDir) };
process.stdout.write(`${JSON.stringify({ ...times, machine: describeMachine(), node: process.version })}\n`);

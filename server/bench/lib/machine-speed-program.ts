/* Prints how fast the machine is just now, as one line of JSON. */
import { describeMachine } from './machine.ts';
import { measureMachineSpeed } from './machine-speed.ts';

const times = await measureMachineSpeed();
process.stdout.write(`${JSON.stringify({ ...times, machine: describeMachine(), node: process.version })}\n`);

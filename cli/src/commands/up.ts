import type { Command, Context } from '../command.ts';
import { loadConfig } from '../installation.ts';

export const upCommand: Command = {
  name: 'up',
  summary: 'Start the server and run until Ctrl-C',
  flags: [
    { name: 'roles', value: 'LIST', summary: 'Comma list of api, pipeline, scheduler, redirector; default all' },
    { name: 'port', value: 'PORT', summary: 'Where to listen, default 8080' },
    { name: 'host', value: 'HOST', summary: 'Where to listen, default 127.0.0.1' },
  ],
  examples: [
    'trackly up',
    'trackly up --port 9000',
    'DATABASE_URL=postgres://db/sms LOG=postgres trackly up --roles api',
  ],
  run: runUp,
};

async function runUp({ input, output }: Context): Promise<number> {
  const config = await loadConfig({ roles: input.text('roles'), port: input.text('port'), host: input.text('host') });
  const { up } = await import('@trackly/server/main');
  if (!output.json) return await up(config);
  return await up(config, ({ url, firstKey }) => {
    output.answer({ url, api_key: firstKey?.apiKey ?? null, list_number: firstKey?.listNumber ?? null }, () => url);
  });
}

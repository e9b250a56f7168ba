import { Type } from 'typebox';
import { jobSchema } from '../../../contacts/index.ts';
import { CsvAnswer, type ApiRoute, type Upload } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { idParams } from '../../path-params.ts';

type Deps = Pick<HttpDeps, 'verbs'>;

const CSV = Type.String({ description: 'CSV (RFC 4180) in UTF-8' });

/** Files of contacts, in and out, and the jobs that work them off. */
export function importRoutes(deps: Deps): readonly ApiRoute[] {
  return [importContactsRoute(deps), exportContactsRoute(deps), getJobRoute(deps), getJobErrorsRoute(deps)];
}

function importContactsRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'POST',
    path: '/api/v2/contacts/import',
    status: 201,
    body: 'csv',
    docs: {
      operationId: 'importContacts',
      tag: 'Contacts',
      summary: 'Import contacts from a CSV file of any size',
      description:
        'The file is streamed and worked off by a job. Without dry_run=false nothing is stored: the job tells what would be. It may take as long as it moves; one that stands still for two minutes is given up.',
      query: Type.Object({
        list_number: Type.String({ description: 'The list that the contacts are put on' }),
        dry_run: Type.Optional(Type.Boolean({ default: true })),
      }),
      body: CSV,
      response: Type.Object({ success: Type.Literal(true), job: jobSchema }),
      errors: [
        'unsupported_media_type',
        'missing_list_number',
        'invalid_list_number',
        'invalid_dry_run',
        'list_not_found',
        'invalid_encoding',
        'missing_phone_column',
      ],
    },
    handle: ({ caller, query, upload }) => verbs.contacts.upload(caller, { query, upload: upload as Upload }),
  };
}

function exportContactsRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/contacts/export',
    status: 200,
    body: 'none',
    answersCsv: true,
    docs: {
      operationId: 'exportContacts',
      tag: 'Contacts',
      summary: 'Export contacts as CSV',
      description:
        'Streamed, in the columns that an import reads. Rows with unsubscribed_at are of people who opted out; an import does not take them.',
      query: Type.Object({
        list_number: Type.Optional(Type.String()),
        active: Type.Optional(Type.Boolean()),
      }),
      response: CSV,
      errors: ['invalid_list_number', 'invalid_active', 'list_not_found'],
    },
    handle: async ({ caller, query }) => new CsvAnswer(await verbs.contacts.export(caller, query)),
  };
}

function getJobRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/jobs/:id',
    status: 200,
    body: 'none',
    docs: {
      operationId: 'getJob',
      tag: 'Contacts',
      summary: 'Read how far a job is',
      params: idParams('job'),
      response: jobSchema,
      errors: ['not_found'],
    },
    handle: ({ caller, params }) => verbs.contacts.getJob(caller, { id: params['id'] ?? '' }),
  };
}

function getJobErrorsRoute({ verbs }: Deps): ApiRoute {
  return {
    method: 'GET',
    path: '/api/v2/jobs/:id/errors',
    status: 200,
    body: 'none',
    answersCsv: true,
    docs: {
      operationId: 'getJobErrors',
      tag: 'Contacts',
      summary: 'Read the rows of a file that were not taken, as CSV',
      description: 'Line, phone number as it was written, code and text.',
      params: idParams('job'),
      response: CSV,
      errors: ['not_found'],
    },
    handle: async ({ caller, params }) =>
      new CsvAnswer(await verbs.contacts.getJobErrors(caller, { id: params['id'] ?? '' })),
  };
}

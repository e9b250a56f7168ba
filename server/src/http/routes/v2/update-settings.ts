import type { ApiRoute } from '../../api-route.ts';
import type { HttpDeps } from '../../http-deps.ts';
import { SETTING_ERRORS, settingsPatchSchema, settingsSchema } from '../../settings-docs.ts';

/** `PUT /api/v2/settings`. */
export function updateSettingsRoute({ verbs }: Pick<HttpDeps, 'verbs'>): ApiRoute {
  return {
    method: 'PUT',
    path: '/api/v2/settings',
    status: 200,
    body: 'required',
    docs: {
      operationId: 'updateSettings',
      tag: 'Account',
      summary: 'Change settings of the account',
      description: 'Only what is named is changed. Read-only and unknown names are ignored.',
      body: settingsPatchSchema,
      bodyExample: { timezone: 'America/Chicago' },
      response: settingsSchema,
      errors: SETTING_ERRORS,
    },
    handle: ({ caller, body }) => verbs.updateSettings(caller, body),
  };
}

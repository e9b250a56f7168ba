import type { IncomingMessage } from 'node:http';
import type { Caller, Directory } from '../accounts/index.ts';
import { AppError } from '../lib/errors.ts';
import type { ApiRoute } from './api-route.ts';

/**
 * Who calls, after the checks of key, suspension, pause and product, in this order. Asks memory only.
 * @throws AppError `service_unavailable` when memory may be out of date; else the code of the first check that fails
 */
export function checkCaller(
  directory: Pick<Directory, 'findKey' | 'account' | 'isCurrent'>,
  route: Pick<ApiRoute, 'method' | 'product'>,
  request: Pick<IncomingMessage, 'headers'>,
): Caller {
  if (!directory.isCurrent()) throw new AppError('service_unavailable');
  const caller = findCaller(directory, request.headers['x-api-key']);
  if (caller.account.status === 'suspended') throw new AppError('account_suspended');
  if (caller.key.status === 'paused' && route.method !== 'GET') throw new AppError('key_paused');
  if (route.product === 'sms' && !caller.account.settings.smsEnabled) throw new AppError('product_not_enabled');
  return caller;
}

/** Node joins repeated headers by a comma, which no key contains, so two keys are no key. */
function findCaller(directory: Pick<Directory, 'findKey' | 'account'>, secret: string | string[] | undefined): Caller {
  if (secret === undefined || secret.length === 0) throw new AppError('missing_api_key');
  const key = typeof secret === 'string' ? directory.findKey(secret) : undefined;
  const account = key === undefined ? undefined : directory.account(key.accountId);
  if (key === undefined || account === undefined || key.status === 'revoked' || account.status === 'deleted') {
    throw new AppError('invalid_api_key');
  }
  return { key, account };
}

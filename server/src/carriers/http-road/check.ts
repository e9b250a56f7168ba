import type { CheckResult } from '../carrier.ts';
import type { RoadRequest } from './exchange.ts';
import type { HttpRoad } from './http-road.ts';

/** Passes when the carrier answers an authenticated read with a 2xx. */
export async function checkOverHttp(road: HttpRoad, request: RoadRequest): Promise<CheckResult> {
  const answer = await road.send(request);
  if (answer.kind !== 'answered') return { passed: false, detail: answer.code };
  const { status } = answer;
  if (status >= 200 && status <= 299) return { passed: true, detail: null };
  return { passed: false, detail: status === 401 || status === 403 ? 'REJECTED_CREDENTIALS' : `HTTP_${status}` };
}

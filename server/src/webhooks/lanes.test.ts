import { expect, test } from 'vitest';
import type { DueDelivery } from '../store/webhook-delivery-store.ts';
import { createLanes, MAX_IN_FLIGHT, SLOW_AFTER_MS, type Lanes } from './lanes.ts';

let nextId = 0;
function fill(lanes: Lanes, endpointId: string, count: number): void {
  for (let n = 0; n < count; n++) lanes.of(endpointId).queue.push({ endpointId, id: String(nextId++) } as DueDelivery);
}

function takeAll(lanes: Lanes, nowMs = 0): string[] {
  const taken: string[] = [];
  for (let next = lanes.take(nowMs); next !== undefined; next = lanes.take(nowMs)) taken.push(next.lane.endpointId);
  return taken;
}

test('a window grows with answers up to ten', () => {
  const lanes = createLanes();
  fill(lanes, 'a', 100);
  let most = 0;
  for (let n = 0; n < 50; n++) {
    takeAll(lanes);
    const lane = lanes.of('a');
    most = Math.max(most, lane.inFlight.size);
    const [id = ''] = lane.inFlight.keys();
    lanes.settle(lane, id, true);
  }
  expect(most).toBe(MAX_IN_FLIGHT);
});

test('one that does not answer gets one request at a time, until it answers', () => {
  const lanes = createLanes();
  fill(lanes, 'a', 100);
  expect(takeAll(lanes)).toHaveLength(2);
  const lane = lanes.of('a');
  for (const id of lane.inFlight.keys()) lanes.settle(lane, id, false);
  expect(takeAll(lanes)).toHaveLength(1);
  lanes.settle(lane, [...lane.inFlight.keys()][0] ?? '', true);
  expect(takeAll(lanes)).toHaveLength(2);
});

test('lanes take turns', () => {
  const lanes = createLanes();
  fill(lanes, 'a', 50);
  fill(lanes, 'b', 1);
  fill(lanes, 'c', 1);
  expect(takeAll(lanes).slice(0, 3).sort()).toEqual(['a', 'b', 'c']);
});

test('however many do not answer, others find room within a second', () => {
  const lanes = createLanes();
  for (let n = 0; n < 2_000; n++) fill(lanes, `dead ${n}`, 5);
  expect(takeAll(lanes)).toHaveLength(1_024);
  fill(lanes, 'alive', 1);
  expect(lanes.of('alive').inFlight.size).toBe(0);
  lanes.sweep(SLOW_AFTER_MS + 1);
  expect(takeAll(lanes, SLOW_AFTER_MS + 1)).toContain('alive');
});

test('what is idle is forgotten, what is slow is not', () => {
  const lanes = createLanes();
  fill(lanes, 'a', 1);
  fill(lanes, 'b', 1);
  takeAll(lanes);
  for (const [endpointId, answered] of [['a', true] as const, ['b', false] as const]) {
    const lane = lanes.of(endpointId);
    lanes.settle(lane, [...lane.inFlight.keys()][0] ?? '', answered);
  }
  lanes.sweep(0);
  expect([...lanes.all()].map((lane) => lane.endpointId)).toEqual(['b']);
  expect(lanes.inFlight()).toBe(0);
});

/*
 * Loaded before a benchmark: what it imports from server/src comes from server/dist, so that what is measured is what
 * runs in production and not the output of a development loader.
 */
import { register } from 'node:module';

register('./built-hooks.mjs', import.meta.url);

import { readFileSync } from 'node:fs';

/** The part of WebAssembly's interface that is used here; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

/** What every module exports; what else one does, its caller knows. */
export interface WasmMemory {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** The exports of a new instance of a module of `wasm/`, its constants as plain numbers. */
export function loadWasm(name: string): WasmMemory {
  const bytes = readFileSync(new URL(`../../wasm/${name}.wasm`, import.meta.url));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const entries = Object.entries(exports).map(([key, item]) => [key, isConstant(item) ? item.value : item]);
  return Object.fromEntries(entries) as WasmMemory;
}

function isConstant(item: unknown): item is { readonly value: number } {
  return typeof item === 'object' && item !== null && 'value' in item;
}

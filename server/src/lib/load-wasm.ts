import { readFileSync } from 'node:fs';

/** The part of WebAssembly's interface that is used here; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

export interface WasmMemory {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** A new instance of a module of `wasm/`; the caller knows what it exports. Constants are read once, here. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the result's type is the caller's word.
export function loadWasm<Exports extends WasmMemory>(name: string): Exports {
  const bytes = readFileSync(new URL(`../../wasm/${name}.wasm`, import.meta.url));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const entries = Object.entries(exports).map(([key, item]) => [key, isConstant(item) ? item.value : item]);
  return Object.fromEntries(entries) as Exports;
}

function isConstant(item: unknown): item is { readonly value: number } {
  return typeof item === 'object' && item !== null && 'value' in item;
}

import { readFileSync } from 'node:fs';

/** The part of WebAssembly's interface that is used here; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

/** A number that a module exports. */
export interface WasmConstant {
  readonly value: number;
}

export interface WasmMemory {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** A new instance of a module of `wasm/`; the caller knows what it exports. */
export function loadWasm<Exports extends WasmMemory>(name: string): Exports {
  const bytes = readFileSync(new URL(`../../wasm/${name}.wasm`, import.meta.url));
  return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
}

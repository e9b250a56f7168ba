/* Compiles what is written in AssemblyScript. The result is the same on every machine, so it can be compared and committed. */
import { createMemoryStream, main } from 'assemblyscript/asc';

/** Modules by name, with their memory in pages of 64 KiB. */
const PAGES = {
  /** The largest body of a request and the tables before it. */
  'scan-send': '81',
  /** The ids of a bulk request. */
  'write-ids': '1',
};

export const MODULES = Object.keys(PAGES);

/** @returns {Promise<Uint8Array>} the module in binary form */
export async function compileModule(name) {
  const file = `${name}.wasm`;
  const options = `${name}.ts --outFile ${file} -O3 --noAssert --runtime stub --enable simd`.split(' ');
  const memory = ['--initialMemory', PAGES[name], '--maximumMemory', PAGES[name]];
  const output = new Map();
  const stderr = createMemoryStream();
  const { error } = await main([...options, ...memory, '--baseDir', import.meta.dirname], {
    stderr,
    writeFile: (path, content) => output.set(path, content),
  });
  const wasm = output.get(file);
  if (error !== null || wasm === undefined)
    throw new Error(`${name} does not compile:\n${stderr.toString()}`, { cause: error });
  return wasm;
}

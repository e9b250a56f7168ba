/* Compiles the scanner of bulk bodies. The result is the same on every machine, so it can be compared and committed. */
import { createMemoryStream, main } from 'assemblyscript/asc';

/** 64 KiB each: the largest body of a request and the tables before it. */
const PAGES = '81';
const NAME = 'scan-bulk.wasm';

const OPTIONS = `scan-bulk.ts --outFile ${NAME} -O3 --noAssert --runtime stub --enable simd`.split(' ');
const MEMORY = ['--initialMemory', PAGES, '--maximumMemory', PAGES];

/** @returns {Promise<Uint8Array>} the module in binary form */
export async function compileScanner() {
  const output = new Map();
  const stderr = createMemoryStream();
  const { error } = await main([...OPTIONS, ...MEMORY, '--baseDir', import.meta.dirname], {
    stderr,
    writeFile: (name, content) => output.set(name, content),
  });
  const wasm = output.get(NAME);
  if (error !== null || wasm === undefined)
    throw new Error(`The scanner does not compile:\n${stderr.toString()}`, { cause: error });
  return wasm;
}

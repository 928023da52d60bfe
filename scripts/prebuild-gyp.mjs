// prebuildify calls `<node-gyp> rebuild --target=V --devdir=D --arch=A --release` and takes build/Release/*.node.
// This is that `node-gyp`, done with cmake-js. Node-API needs neither the Node version nor its headers.
import { compile } from './compile.mjs'

const arch = process.argv.find((argument) => argument.startsWith('--arch='))?.slice('--arch='.length)
compile('release', { arch, clean: true })

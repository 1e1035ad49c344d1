// Uploads a file by tus-js-client, as it is told by one argument of JSON:
//   endpoint, headers, file    where, with what, and what
//   url                        goes on with this upload
//   chunk, parallel, delays    as the library's chunkSize, parallelUploads, retryDelays
//   metadata                   texts by name
//   stop                       pauses after so many bytes, and says the upload's address
// Says what happened, one line of JSON each: {url}, {sent} now and then, and at last {done, headers} or {error, status}.
"use strict";

const fs = require("fs");
const path = require("path");
const tus = require(path.resolve(".tools/node_modules/tus-js-client"));

const told = JSON.parse(process.argv[2]);
const say = (words) => process.stdout.write(JSON.stringify(words) + "\n");
let lastHeaders = {};

const upload = new tus.Upload(fs.createReadStream(told.file), {
  endpoint: told.endpoint,
  uploadUrl: told.url || null,
  headers: told.headers,
  metadata: told.metadata || {},
  chunkSize: told.chunk || Infinity,
  parallelUploads: told.parallel || 1,
  retryDelays: told.delays || null,
  uploadDataDuringCreation: Boolean(told.withCreation),
  uploadSize: told.parallel ? undefined : fs.statSync(told.file).size,
  storeFingerprintForResuming: false,
  onUploadUrlAvailable: () => say({ url: upload.url }),
  onAfterResponse: (request, response) => {
    const hash = response.getHeader("cognate-sha256");
    if (hash) lastHeaders = { sha256: hash };
  },
  onProgress: (sent) => {
    if (told.stop && sent >= told.stop) {
      upload.abort().then(() => {
        say({ stopped: true, url: upload.url });
        process.exit(0);
      });
    }
  },
  onError: (error) => {
    const response = error.originalResponse;
    say({ error: String(error.message), status: response ? response.getStatus() : 0 });
    process.exit(1);
  },
  onSuccess: () => {
    say({ done: true, url: upload.url, ...lastHeaders });
    process.exit(0);
  },
});
upload.start();

"""Uploads a file by Debian's tuspy, as it is told by one argument of JSON:

    endpoint, headers, file   where, with what, and what
    url                       goes on with this upload
    chunk, retries            as the library's chunk_size and retries
    checksum                  true: each piece with its SHA-1
    metadata                  texts by name
    stop                      stops at this offset

Says one line of JSON: {url, offset} or {error, status}.
"""

import json
import sys

from tusclient import client, exceptions

told = json.loads(sys.argv[1])
try:
    uploader = client.TusClient(told["endpoint"], headers=told["headers"]).uploader(
        told["file"],
        url=told.get("url"),
        chunk_size=told.get("chunk", sys.maxsize),
        metadata=told.get("metadata"),
        retries=told.get("retries", 0),
        retry_delay=1,
        upload_checksum=told.get("checksum", False),
    )
    uploader.upload(stop_at=told.get("stop"))
    print(json.dumps({"url": uploader.url, "offset": uploader.offset}))
except exceptions.TusCommunicationError as error:
    print(json.dumps({"error": str(error), "status": error.status_code or 0}))
    sys.exit(1)

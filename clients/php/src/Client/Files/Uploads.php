<?php

declare(strict_types=1);

namespace Cognate\Client\Files;

use Cognate\Client\Exception\CognateException;

/** Sends large contents in pieces. What an upload is called is to be kept: whoever has the name goes on with it, also after a crash. */
interface Uploads
{
    /**
     * @return string the upload's name
     * @throws CognateException
     */
    public function begin(string $sha256, int $size): string;

    /**
     * How many bytes of it survive whatever happens.
     *
     * @return int|null null: it is gone, or of another transport; begin anew
     * @throws CognateException
     */
    public function offset(string $upload, int $size): ?int;

    /**
     * Sends the next bytes. The last ones are answered once the whole is compared with its hash, on disk and synced.
     *
     * @return int bytes that survive whatever happens
     * @throws CognateException DATA_LOSS where the whole is not what its hash says: the upload is gone then
     */
    public function append(string $upload, string $sha256, int $size, int $offset, string $piece): int;
}

<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

use Closure;

/** Hashes of files, read once for as long as nothing shows that they were changed. */
final class FileHashes
{
    private const PIECE = 1 << 20;

    public function __construct(private readonly Disks $disks, private readonly KnownFiles $known)
    {
    }

    /**
     * @param (Closure(): bool)|null $mayGoOn asked now and then while a large one is read
     * @return FileContent|null null: there is no such file, or it is written to right now
     * @throws FileRefused where its disk does not answer
     */
    public function of(FileRef $ref, ?Closure $mayGoOn = null): ?FileContent
    {
        $disk = $this->disks->get($ref->disk);
        $stand = $disk->stat($ref->path);
        $row = $this->known->find($ref->disk, $ref->path);
        if ($stand === null) {
            $row === null || $this->known->gone($ref->disk, $ref->path);
            return null;
        }
        if ($row !== null && $row->sha256 !== null && $row->stamp === $stand->stamp()) {
            return new FileContent($ref, $row->sha256, $stand->size, $stand->modifyTime);
        }
        // Before it is read: what is written to it meanwhile shows in its times only once the clock has ticked.
        $isSettled = $stand->isSettled();
        $stream = $disk->open($ref->path);
        if ($stream === null) {
            return null;
        }
        [$sha256, $size] = self::read($stream, $mayGoOn);
        $after = $disk->stat($ref->path);
        if ($size !== $stand->size || $after?->stamp() !== $stand->stamp()) {
            return null;
        }
        if ($row === null || $row->sha256 !== $sha256) {
            $this->known->read($ref->disk, $ref->path, $isSettled ? $stand->stamp() : '', $sha256, $size);
        } elseif ($isSettled) {
            $this->known->settled($row, $stand->stamp());
        }
        return new FileContent($ref, $sha256, $size, $stand->modifyTime);
    }

    /** Whether a file that was read before is another one by now, as far as its times say. */
    public function isChanged(FileRef $ref): bool
    {
        $row = $this->known->find($ref->disk, $ref->path);
        if ($row === null || $row->sha256 === null) {
            return false;
        }
        $disk = $this->disks->get($ref->disk);
        $stand = $disk->stat($ref->path);
        if ($stand === null || $row->stamp === $stand->stamp()) {
            return $stand === null;
        }
        $isSettled = $stand->isSettled();
        $stream = $disk->open($ref->path);
        // What is another one now is not written down: it is, when it is sent.
        if ($stream === null || self::read($stream)[0] !== $row->sha256) {
            return true;
        }
        if ($isSettled) {
            $this->known->settled($row, $stand->stamp());
        }
        return false;
    }

    /**
     * @param resource $stream
     * @return array{string, int}
     */
    public static function read($stream, ?Closure $mayGoOn = null): array
    {
        $hash = hash_init('sha256');
        $size = 0;
        try {
            while (!feof($stream)) {
                $piece = fread($stream, self::PIECE);
                if ($piece === false) {
                    break;
                }
                hash_update($hash, $piece);
                $size += strlen($piece);
                if ($size % (64 * self::PIECE) < self::PIECE && $mayGoOn !== null) {
                    $mayGoOn();
                }
            }
        } finally {
            fclose($stream);
        }
        return [hash_final($hash), $size];
    }
}

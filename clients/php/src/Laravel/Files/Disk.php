<?php

declare(strict_types=1);

namespace Cognate\Laravel\Files;

/** A place with files. Paths are relative to its root, and none leads out of it. */
interface Disk
{
    public function name(): string;

    /** Null: there is no such file, or it is none. */
    public function stat(string $path): ?FileStand;

    /** @return resource|null for reading; null: there is no such file */
    public function open(string $path);

    /**
     * The bytes of a content that is to be put under a path, as far as they have come. Nobody else writes to it meanwhile.
     *
     * @return resource|null for reading and writing; null: another worker is at it
     * @throws FileRefused where it cannot be written
     */
    public function draft(string $path, string $sha256);

    /**
     * Puts the draft in place as a whole. Whoever looks there sees nothing, what was there before, or all of it.
     *
     * @param resource $draft
     * @throws FileRefused
     */
    public function publish(string $path, string $sha256, $draft): void;

    /** Removes a draft. It may be gone already. */
    public function discard(string $path, string $sha256): void;

    /** Why nothing can be read or written there, in words; null: it can. */
    public function fault(): ?string;

    /** Bytes that there is room for; null: nobody knows. */
    public function room(): ?int;
}

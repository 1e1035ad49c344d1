<?php

declare(strict_types=1);

namespace Cognate\Client\Value;

use Cognate\Client\Exception\InvalidValue;

/** A file of a record, told by its content. Its bytes are sent by `Files\Contents`, before or after. */
final class File
{
    /**
     * @param string $sha256 64 hexadecimal digits
     * @param string $name what the platform calls it, without directories; for people
     * @param string $path where the platform has it, as its own records say it
     */
    public function __construct(
        public readonly string $sha256,
        public readonly int $sizeBytes,
        public readonly string $name = '',
        public readonly ?\DateTimeInterface $modifyTime = null,
        public readonly string $path = '',
    ) {
        if (preg_match('/^[0-9a-f]{64}$/D', $sha256) !== 1) {
            throw new InvalidValue('sha256: got ' . strlen($sha256) . ' characters, want 64 of 0-9 a-f');
        }
        if ($sizeBytes < 0) {
            throw new InvalidValue("sizeBytes: got $sizeBytes, want at least 0");
        }
    }
}

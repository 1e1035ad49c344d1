<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\V1\Change;
use Cognate\WordPress\Files\LocalFile;
use Cognate\WordPress\Store\OutboxRow;

/** A record as it is about to be sent. */
final class Prepared
{
    /**
     * @param array<string, mixed> $values
     * @param array<string, string> $base
     */
    public function __construct(
        public readonly OutboxRow $row,
        public readonly Change $change,
        public readonly array $values,
        public readonly array $base,
        public readonly bool $isDelete,
        public readonly bool $isNew,
    ) {
    }

    /** @return list<LocalFile> */
    public function files(): array
    {
        return array_values(array_filter($this->values, static fn (mixed $value): bool => $value instanceof LocalFile));
    }
}

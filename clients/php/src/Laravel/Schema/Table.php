<?php

declare(strict_types=1);

namespace Cognate\Laravel\Schema;

/** What a database says of one of its tables. */
final class Table
{
    /**
     * @param array<string, Column> $columns by name
     * @param list<string> $primaryKey
     * @param array<string, list<string>> $uniques columns by name of the constraint, without the primary key
     * @param list<array{name: string, columns: list<string>, table: string, references: list<string>, on_delete: string}> $foreignKeys
     */
    public function __construct(
        public readonly string $name,
        public readonly array $columns,
        public readonly array $primaryKey,
        public readonly array $uniques,
        public readonly array $foreignKeys,
    ) {
    }

    public function exists(): bool
    {
        return $this->columns !== [];
    }
}

<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/** One captured change that the hub does not have yet. */
final class OutboxRow
{
    /**
     * @param array<string, mixed> $fields
     * @param list<string>|null $changed columns that the write changed; null: all of them
     * @param string|null $damage why the fields cannot be read
     */
    public function __construct(
        public readonly int $id,
        public readonly string $changeId,
        public readonly string $model,
        public readonly string $localId,
        public readonly int $operation,
        public readonly array $fields,
        public readonly ?array $changed,
        public readonly int $sourceMicros,
        public readonly int $attempts,
        public readonly bool $isRefused,
        public readonly ?string $error,
        public readonly int $bytes = 0,
        public readonly ?string $damage = null,
    ) {
    }

    public static function of(object $row): self
    {
        $fields = [];
        $damage = null;
        try {
            $fields = $row->fields === null ? [] : RawValues::decode($row->fields);
        } catch (\JsonException $error) {
            $damage = 'its fields are no JSON: ' . $error->getMessage();
        }
        return new self(
            (int) $row->id,
            $row->change_id,
            $row->model,
            $row->local_id,
            (int) $row->operation,
            $fields,
            $row->changed === null ? null : json_decode($row->changed, true),
            (int) $row->source_time,
            (int) $row->attempts,
            (bool) $row->refused,
            $row->error,
            strlen((string) $row->fields),
            $damage,
        );
    }
}

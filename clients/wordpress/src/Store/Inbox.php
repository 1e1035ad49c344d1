<?php

declare(strict_types=1);

namespace Cognate\WordPress\Store;

/**
 * One row for each record that was delivered or sent. A delivery's row is written in the transaction of its write, so that the same
 * delivery is known when it comes again.
 */
final class Inbox
{
    private readonly string $table;

    public function __construct(private readonly \wpdb $database)
    {
        $this->table = $database->prefix . Tables::INBOX;
    }

    public function ofEntity(string $model, string $entityId): ?InboxRow
    {
        return $this->first('entity_id = %s AND model = %s', $entityId, $model);
    }

    public function ofRecord(string $model, string $localId): ?InboxRow
    {
        return $this->first('local_id = %s AND model = %s', $localId, $model);
    }

    /** The record that was deleted here because that one was: when it comes back, it is another entity. */
    public function deletedBy(string $model, string $source): ?InboxRow
    {
        return $this->first('source = %s AND model = %s AND deleted = 1', $source, $model);
    }

    /** @param array<string, string> $base */
    public function applied(string $model, string $entityId, string $localId, int $version, array $base, bool $isDeleted, ?string $source): void
    {
        // The entity may have been another record before: the row is found by the local id.
        $this->run("DELETE FROM `$this->table` WHERE entity_id = %s AND model = %s AND local_id <> %s", $entityId, $model, $localId);
        $this->run(
            "INSERT INTO `$this->table` (entity_id, model, local_id, version, floor, base, deleted, source, reported) VALUES (%s, %s, %s, %d, %d, %s, %d, NULLIF(%s, ''), 0)
             ON DUPLICATE KEY UPDATE entity_id = VALUES(entity_id), version = GREATEST(version, VALUES(version)), floor = GREATEST(floor, VALUES(floor)),
             base = VALUES(base), deleted = VALUES(deleted), source = VALUES(source), reported = 0",
            $entityId,
            $model,
            $localId,
            $version,
            $version,
            self::encode($base),
            (int) $isDeleted,
            (string) $source,
        );
    }

    /**
     * The hub has taken the record as it is, or its delete.
     *
     * @param array<string, string> $base
     * @param bool $isNew the hub did not have it: older deletes are none of this record, as they are none of one that is gone
     */
    public function sent(string $model, string $localId, int $version, array $base, bool $isDeleted, bool $isNew): void
    {
        if (!$isDeleted) {
            // Of a record that was made anew under an old id it is not known which entity it becomes.
            $this->run("UPDATE `$this->table` SET entity_id = NULL WHERE model = %s AND local_id = %s AND deleted = 1", $model, $localId);
        }
        // The version comes last: the comparisons look at it as it is by then.
        $this->run(
            "INSERT INTO `$this->table` (model, local_id, version, floor, base, deleted) VALUES (%s, %s, %d, %d, %s, %d)
             ON DUPLICATE KEY UPDATE base = IF(VALUES(version) >= version, VALUES(base), base), deleted = IF(VALUES(version) >= version, VALUES(deleted), deleted),
             source = IF(VALUES(version) >= version AND NOT VALUES(deleted), NULL, source), floor = GREATEST(floor, VALUES(floor)), version = GREATEST(version, VALUES(version))",
            $model,
            $localId,
            $version,
            $isNew || $isDeleted ? $version : 0,
            self::encode($base),
            (int) $isDeleted,
        );
    }

    /** @return list<InboxRow> what was written and is not known to be reported: a worker has died, or the hub was away */
    public function unreported(int $limit): array
    {
        return $this->rows('reported = 0 ORDER BY id LIMIT %d', $limit);
    }

    /** @param list<array{string, string}> $told model and entity of each */
    public function reported(array $told): void
    {
        foreach ($told as [$model, $entityId]) {
            $this->run("UPDATE `$this->table` SET reported = 1 WHERE entity_id = %s AND model = %s", $entityId, $model);
        }
    }

    public function settle(InboxRow $row): void
    {
        $this->run("UPDATE `$this->table` SET reported = 1 WHERE id = %d AND version = %d", $row->id, $row->version);
    }

    /** @return list<InboxRow> records that are there as far as is known, page by page */
    public function living(string $model, int $afterId, int $limit): array
    {
        return $this->rows('model = %s AND deleted = 0 AND id > %d ORDER BY id LIMIT %d', $model, $afterId, $limit);
    }

    public function count(): int
    {
        return (int) $this->database->get_var("SELECT COUNT(*) FROM `$this->table` WHERE deleted = 0");
    }

    private function first(string $where, string ...$values): ?InboxRow
    {
        return $this->rows("$where ORDER BY id DESC LIMIT 1 FOR UPDATE", ...$values)[0] ?? null;
    }

    /** @return list<InboxRow> */
    private function rows(string $where, mixed ...$values): array
    {
        $statement = $this->database->prepare("SELECT * FROM `$this->table` WHERE $where", ...$values);
        return array_map([InboxRow::class, 'of'], DatabaseFailed::check($this->database, $this->database->get_results($statement)));
    }

    private function run(string $statement, mixed ...$values): void
    {
        if ($this->database->query($this->database->prepare($statement, ...$values)) === false) {
            throw new DatabaseFailed($this->database->last_error);
        }
    }

    /** @param array<string, string> $base */
    private static function encode(array $base): string
    {
        return json_encode((object) $base, JSON_THROW_ON_ERROR);
    }
}

<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\V1\Operation;
use Illuminate\Database\Connection;
use Illuminate\Database\ConnectionInterface;
use Illuminate\Database\Query\Builder;

/**
 * Captured changes, in the order of their writes, until the hub has them. Rows are added by the connection of the write and in its
 * transaction, and never leave by themselves: what a rolled-back transaction captured was never there.
 */
final class Outbox
{
    public const TABLE = 'cognate_outbox';
    /** How many rows this process has added. */
    public int $appended = 0;
    /** @var array<string, string> the statement of `append`, by kind of database and prefix */
    private array $inserts = [];

    /**
     * @param array<string, mixed> $fields the record after the write; for a delete before it
     * @param list<string>|null $changed
     */
    public function append(ConnectionInterface $connection, string $model, string $localId, int $operation, array $fields, ?array $changed): void
    {
        $row = [
            'change_id' => self::newChangeId(),
            'model' => $model,
            'local_id' => $localId,
            'operation' => $operation,
            'fields' => RawValues::encode($fields),
            'changed' => $changed === null ? null : json_encode(array_values($changed), JSON_THROW_ON_ERROR),
            'source_time' => (int) (microtime(true) * 1_000_000),
        ];
        // Each save runs this: the builder makes the same text of it each time.
        assert($connection instanceof Connection);
        $language = $connection->getDriverName() . ' ' . $connection->getTablePrefix();
        $this->inserts[$language] ??= $connection->getQueryGrammar()->compileInsert($connection->table(self::TABLE), $row);
        $connection->insert($this->inserts[$language], array_values($row));
        $this->appended++;
    }

    /**
     * The oldest rows that the hub has not refused.
     *
     * @return list<OutboxRow>
     */
    public function oldest(ConnectionInterface $connection, int $limit): array
    {
        return $this->rows($this->table($connection)->where('refused', false)->orderBy('id')->limit($limit));
    }

    /**
     * What the hub has not taken of one record, oldest first.
     *
     * @return list<OutboxRow>
     */
    public function pendingOf(ConnectionInterface $connection, string $model, string $localId): array
    {
        return $this->rows($this->table($connection)->where('model', $model)->where('local_id', $localId)->where('refused', false)->orderBy('id'));
    }

    /**
     * The same of several records.
     *
     * @param list<string> $localIds
     * @return list<OutboxRow>
     */
    public function pendingOfMany(ConnectionInterface $connection, string $model, array $localIds): array
    {
        $rows = [];
        foreach (array_chunk($localIds, 500) as $some) {
            array_push($rows, ...$this->rows($this->table($connection)->where('model', $model)->whereIn('local_id', $some)->where('refused', false)->orderBy('id')));
        }
        return $rows;
    }

    /** @return list<OutboxRow> */
    public function refused(ConnectionInterface $connection, int $limit = 1000): array
    {
        return $this->rows($this->table($connection)->where('refused', true)->orderBy('id')->limit($limit));
    }

    /**
     * Removes rows as they were read: what another worker has rewritten meanwhile is another change, and stays.
     *
     * @param list<OutboxRow> $rows
     * @return int how many there still were
     */
    public function remove(ConnectionInterface $connection, array $rows): int
    {
        $removed = 0;
        foreach (array_chunk($rows, 500) as $some) {
            $removed += $connection->table(self::TABLE)->whereIn('id', array_column($some, 'id'))->whereIn('change_id', array_column($some, 'changeId'))->delete();
        }
        return $removed;
    }

    /** As `remove`, a change that was rewritten is another one. */
    public function refuse(ConnectionInterface $connection, OutboxRow $row, string $error): void
    {
        $connection->table(self::TABLE)->where('id', $row->id)->where('change_id', $row->changeId)->update(['refused' => true, 'error' => mb_substr($error, 0, 1000)]);
    }

    /**
     * Puts values that were delivered meanwhile into a row. It gets another change id: the hub may have taken it as it was, and
     * an answer that was lost. Where another worker has sent it in this moment the values are a change of their own.
     *
     * @param array<string, mixed> $fields
     */
    public function rewrite(ConnectionInterface $connection, OutboxRow $row, array $fields): void
    {
        $rewritten = $connection->table(self::TABLE)->where('id', $row->id)->where('change_id', $row->changeId)->where('refused', false)
            ->update(['change_id' => self::newChangeId(), 'fields' => RawValues::encode($fields)]);
        if ($rewritten === 0) {
            $this->append($connection, $row->model, $row->localId, Operation::OPERATION_UPDATE, $fields, $row->changed);
        }
    }

    /** @return array{pending: int, refused: int, oldest: float|null} `oldest`: seconds that the oldest one waits */
    public function count(ConnectionInterface $connection): array
    {
        $oldest = $this->table($connection)->where('refused', false)->min('source_time');
        return [
            'pending' => $this->table($connection)->where('refused', false)->count(),
            'refused' => $this->table($connection)->where('refused', true)->count(),
            'oldest' => $oldest === null ? null : microtime(true) - (int) $oldest / 1_000_000,
        ];
    }

    private function table(ConnectionInterface $connection): Builder
    {
        return $connection->table(self::TABLE)->useWritePdo();
    }

    /** @return list<OutboxRow> */
    private function rows(Builder $query): array
    {
        return array_values(array_map([OutboxRow::class, 'of'], $query->get()->all()));
    }

    private static function newChangeId(): string
    {
        return bin2hex(random_bytes(16));
    }
}

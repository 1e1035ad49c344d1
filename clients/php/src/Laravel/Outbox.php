<?php

declare(strict_types=1);

namespace Cognate\Laravel;

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

    /**
     * @param array<string, mixed> $fields the record after the write; for a delete before it
     * @param list<string>|null $changed
     */
    public function append(ConnectionInterface $connection, string $model, string $localId, int $operation, array $fields, ?array $changed): void
    {
        $connection->table(self::TABLE)->insert([
            'change_id' => self::newChangeId(),
            'model' => $model,
            'local_id' => $localId,
            'operation' => $operation,
            'fields' => RawValues::encode($fields),
            'changed' => $changed === null ? null : json_encode(array_values($changed), JSON_THROW_ON_ERROR),
            'source_time' => (int) (microtime(true) * 1_000_000),
        ]);
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

    /** @param list<int> $ids */
    public function remove(ConnectionInterface $connection, array $ids): void
    {
        foreach (array_chunk($ids, 500) as $some) {
            $connection->table(self::TABLE)->whereIn('id', $some)->delete();
        }
    }

    /** @param list<int> $ids */
    public function countAttempt(ConnectionInterface $connection, array $ids, string $error): void
    {
        foreach (array_chunk($ids, 500) as $some) {
            $connection->table(self::TABLE)->whereIn('id', $some)->increment('attempts', 1, ['error' => mb_substr($error, 0, 1000)]);
        }
    }

    public function refuse(ConnectionInterface $connection, int $id, string $error): void
    {
        $connection->table(self::TABLE)->where('id', $id)->update(['refused' => true, 'error' => mb_substr($error, 0, 1000)]);
    }

    /**
     * Puts values that were delivered meanwhile into a row. It gets another change id: the hub may have taken it as it was, and
     * an answer that was lost.
     *
     * @param array<string, mixed> $fields
     */
    public function rewrite(ConnectionInterface $connection, OutboxRow $row, array $fields): void
    {
        $connection->table(self::TABLE)->where('id', $row->id)->update(['change_id' => self::newChangeId(), 'fields' => RawValues::encode($fields)]);
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

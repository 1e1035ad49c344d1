<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Database\Connection;
use Illuminate\Database\ConnectionInterface;
use Illuminate\Database\MySqlConnection;
use Illuminate\Database\Query\Builder;
use Illuminate\Database\Query\Expression;

/**
 * One row for each record that was delivered or sent: entity, model, local id, version. A delivery's row is written in the transaction
 * of its write, so that the same delivery is known when it comes again.
 */
final class Inbox
{
    public const TABLE = 'cognate_inbox';
    /** Of several workers one may be ended because they wait for each other. */
    private const ATTEMPTS = 5;

    public function ofEntity(ConnectionInterface $connection, string $model, string $entityId): ?InboxRow
    {
        return $this->first($this->table($connection)->where('entity_id', $entityId)->where('model', $model));
    }

    /**
     * Records that were deleted here because others were: when these come back, they are other entities.
     *
     * @param list<string> $sources
     * @return array<string, InboxRow> the last of each source
     */
    public function deletedBy(ConnectionInterface $connection, string $model, array $sources): array
    {
        $found = [];
        foreach (array_chunk($sources, 500) as $some) {
            foreach ($this->table($connection)->whereIn('source', $some)->where('model', $model)->where('deleted', true)->orderBy('id')->get() as $row) {
                $found[$row->source] = InboxRow::of($row);
            }
        }
        return $found;
    }

    public function ofRecord(ConnectionInterface $connection, string $model, string $localId): ?InboxRow
    {
        return $this->first($this->table($connection)->where('model', $model)->where('local_id', $localId));
    }

    /**
     * @param list<string> $entityIds
     * @return list<InboxRow>
     */
    public function ofEntities(ConnectionInterface $connection, string $model, array $entityIds): array
    {
        $rows = [];
        foreach (array_chunk($entityIds, 500) as $some) {
            array_push($rows, ...$this->table($connection)->whereIn('entity_id', $some)->where('model', $model)->get()->all());
        }
        return array_values(array_map([InboxRow::class, 'of'], $rows));
    }

    /**
     * Deliveries were written, or were here already.
     *
     * @param list<array{entity_id: string, model: string, local_id: string, version: int, floor: int, hash: string|null, deleted: bool, source: string|null, reported: bool}> $rows
     *     `source`: which record's delete it was, for `deletedBy()`
     * @param array<string, InboxRow> $entities what is known by model and entity
     */
    public function appliedMany(ConnectionInterface $connection, array $rows, array $entities): void
    {
        $new = [];
        foreach ($rows as $row) {
            $known = $entities["{$row['model']}\0{$row['entity_id']}"] ?? null;
            if ($known !== null && $known->localId !== $row['local_id']) {
                // The entity is another record now: the row is found by the local id.
                $connection->table(self::TABLE)->where('id', $known->id)->delete();
            }
            $new[] = $row;
        }
        foreach (array_chunk($new, 100) as $some) {
            $connection->table(self::TABLE)->upsert($some, ['model', 'local_id'], [
                'entity_id', 'version' => $this->newest($connection, 'version'), 'floor' => $this->newest($connection, 'floor'), 'hash', 'deleted', 'source', 'reported',
            ]);
        }
    }

    /**
     * What was written and is not known to be reported: a worker has died, or the hub was away.
     *
     * @return list<InboxRow>
     */
    public function unreported(ConnectionInterface $connection, int $limit): array
    {
        $rows = $this->table($connection)->where('reported', false)->orderBy('id')->limit($limit)->get();
        return array_values(array_map([InboxRow::class, 'of'], $rows->all()));
    }

    /**
     * @param list<array{string, string}> $records model and local id of each
     * @return array<string, InboxRow> by "model\0local id"
     */
    public function ofMany(ConnectionInterface $connection, array $records): array
    {
        $ids = $found = [];
        foreach ($records as [$model, $localId]) {
            $ids[$model][$localId] = $localId;
        }
        foreach ($ids as $model => $some) {
            foreach ($this->ofRecords($connection, $model, array_values($some)) as $row) {
                $found["$row->model\0$row->localId"] = $row;
            }
        }
        return $found;
    }

    /** @param list<array{string, string}> $told model and entity of each */
    public function reported(ConnectionInterface $connection, array $told): void
    {
        $entities = [];
        foreach ($told as [$model, $entityId]) {
            $entities[$model][] = $entityId;
        }
        foreach ($entities as $model => $all) {
            foreach (array_chunk($all, 500) as $some) {
                $this->setReported($connection, 'entity_id', $some, $model);
            }
        }
    }

    /** @param list<InboxRow> $rows */
    public function settled(ConnectionInterface $connection, array $rows): void
    {
        $this->setReported($connection, 'id', array_column($rows, 'id'));
    }

    /** @param list<int|string> $keys */
    private function setReported(ConnectionInterface $connection, string $column, array $keys, string $model = ''): void
    {
        $rows = $connection->table(self::TABLE)->whereIn($column, $keys);
        $model === '' || $rows->where('model', $model);
        $connection->transaction(static fn (): int => $rows->update(['reported' => true]), self::ATTEMPTS);
    }

    /**
     * The hub has taken changes of this side.
     *
     * @param list<array{model: string, local_id: string, version: int, floor: int, hash: string|null, deleted: bool}> $taken the last of
     *     each record; with a floor where the record was made by one of these changes
     */
    public function sent(ConnectionInterface $connection, array $taken): void
    {
        foreach (array_chunk($taken, 100) as $some) {
            $connection->transaction(fn () => $this->putSent($connection, $some), self::ATTEMPTS);
        }
    }

    /** @param list<array{model: string, local_id: string, version: int, floor: int, hash: string|null, deleted: bool}> $some */
    private function putSent(ConnectionInterface $connection, array $some): void
    {
        $this->lock($connection);
        $known = $this->ofMany($connection, array_map(static fn (array $row): array => [$row['model'], $row['local_id']], $some));
        foreach ($some as $place => $sent) {
            $row = $known["{$sent['model']}\0{$sent['local_id']}"] ?? null;
            $some[$place]['source'] = null;
            if ($row?->isDeleted === true && !$sent['deleted']) {
                // Of a record that was made anew under an old id it is not known which entity it becomes.
                $connection->table(self::TABLE)->where('id', $row->id)->update(['entity_id' => null]);
                $some[$place]['floor'] = $sent['version'];
            }
        }
        assert($connection instanceof Connection);
        // MySQL looks at the version as it is by then: it comes last.
        $connection->table(self::TABLE)->upsert($some, ['model', 'local_id'], [
            'hash' => $this->ofNewest($connection, 'hash'),
            'source' => $this->sourceOfNewest($connection),
            'deleted' => $this->ofNewest($connection, 'deleted'),
            'floor' => $this->newest($connection, 'floor'),
            'version' => $this->newest($connection, 'version'),
        ]);
    }

    /** @param list<string> $localIds @return array<string, InboxRow> by local id */
    public function ofRecords(ConnectionInterface $connection, string $model, array $localIds): array
    {
        $found = [];
        foreach (array_chunk($localIds, 500) as $some) {
            foreach ($this->table($connection)->where('model', $model)->whereIn('local_id', $some)->get() as $row) {
                $found[$row->local_id] = InboxRow::of($row);
            }
        }
        return $found;
    }

    /**
     * Records that are there as far as is known, page by page.
     *
     * @return list<InboxRow>
     */
    public function living(ConnectionInterface $connection, string $model, int $afterId, int $limit): array
    {
        $rows = $this->table($connection)->where('model', $model)->where('deleted', false)->where('id', '>', $afterId)->orderBy('id')->limit($limit)->get();
        return array_values(array_map([InboxRow::class, 'of'], $rows->all()));
    }

    /** Keeps other writers of SQLite out from here on, so that what is read next cannot be overtaken. */
    public function lock(ConnectionInterface $connection): void
    {
        $connection->table(self::TABLE)->where('id', 0)->update(['version' => 0]);
    }

    /** An upsert never takes a version back: a worker that was taken for dead may come late. */
    private function newest(ConnectionInterface $connection, string $column): Expression
    {
        assert($connection instanceof Connection);
        $table = $connection->getTablePrefix() . self::TABLE;
        return new Expression(match ($connection->getDriverName()) {
            'sqlite' => "max($table.$column, excluded.$column)",
            'pgsql' => "greatest($table.$column, excluded.$column)",
            default => "greatest($column, values($column))",
        });
    }

    /** The same of what belongs to a version. */
    private function ofNewest(ConnectionInterface $connection, string $column): Expression
    {
        assert($connection instanceof Connection);
        $table = $connection->getTablePrefix() . self::TABLE;
        return new Expression($connection instanceof MySqlConnection
            ? "if(values(version) >= version, values($column), $column)"
            : "case when excluded.version >= $table.version then excluded.$column else $table.$column end");
    }

    /** Whose delete ended the record here is still so when the hub hears of it once more. */
    private function sourceOfNewest(Connection $connection): Expression
    {
        $table = $connection->getTablePrefix() . self::TABLE;
        return new Expression($connection instanceof MySqlConnection
            ? 'if(values(version) >= version and not values(deleted), null, source)'
            : "case when excluded.version >= $table.version and not excluded.deleted then null else $table.source end");
    }

    private function table(ConnectionInterface $connection): Builder
    {
        return $connection->table(self::TABLE)->useWritePdo();
    }

    private function first(Builder $query): ?InboxRow
    {
        $row = $query->first();
        return $row === null ? null : InboxRow::of($row);
    }
}

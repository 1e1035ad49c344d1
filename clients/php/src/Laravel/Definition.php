<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Illuminate\Database\ConnectionInterface;
use Illuminate\Database\Eloquent\Model;

/**
 * What syncs know of one Eloquent model, or of one pivot table: its name at the hub, its key, and which of its columns travel.
 *
 * A record's local id is its key as text; the texts of a composite key are joined by `,` with `\` before every `,` and `\` in them.
 */
final class Definition
{
    /**
     * @param string $name what the hub calls it
     * @param class-string<Model> $class
     * @param list<string> $keyFields
     * @param list<string> $fields columns that travel; empty: all of the table's
     * @param list<string> $hidden columns that never leave and are never written
     * @param array<string, array<string, mixed>|string|null> $files what `syncFiles()` says of fields, by name; Files\FileResolvers understands it
     * @param array<string, string> $references column => name of the model that its values are ids of
     * @param list<string> $morphs what polymorphic pairs begin with: `user` for `user_type` and `user_id`
     * @param class-string<Handler>|null $handler
     * @param class-string<Reader>|null $reader
     * @param bool $trashed whether records that were soft-deleted stay records at the hub
     * @param bool $actsAs whether records say in whose name they are written elsewhere
     * @param bool $hasCondition whether not every record is in sync; any column may decide that
     * @param list<string> $touches relations whose records are captured along
     */
    public function __construct(
        public readonly string $name,
        public readonly string $class,
        public readonly string $table,
        public readonly ?string $connection,
        public readonly array $keyFields,
        public readonly array $fields = [],
        public readonly array $hidden = [],
        public readonly array $files = [],
        public readonly array $references = [],
        public readonly array $morphs = [],
        public readonly ?string $handler = null,
        public readonly ?string $reader = null,
        public readonly bool $trashed = false,
        public readonly ?bool $assignable = null,
        public readonly array $touches = [],
        public readonly bool $isPivot = false,
        public readonly bool $actsAs = false,
        public readonly bool $hasCondition = false,
    ) {
    }

    /** A model that is not in the database yet. */
    public function newModel(): Model
    {
        if (is_a($this->class, PivotRecord::class, true)) {
            return $this->class::of($this);
        }
        $model = new $this->class();
        if (method_exists($model, 'getTable') && $model->getTable() !== $this->table) {
            $model->setTable($this->table);
        }
        return $model;
    }

    public function connection(): ConnectionInterface
    {
        return ($this->class)::resolveConnection($this->connection);
    }

    /** Whether a column may leave, and be written. Keys always travel: they are the record's id. */
    public function has(string $column): bool
    {
        if (in_array($column, $this->keyFields, true)) {
            return true;
        }
        return !in_array($column, $this->hidden, true) && ($this->fields === [] || in_array($column, $this->fields, true));
    }

    /** @param array<string, mixed> $attributes raw, by column */
    public function localId(array $attributes): string
    {
        $parts = [];
        foreach ($this->keyFields as $field) {
            $value = $attributes[$field] ?? null;
            if ($value === null) {
                return '';
            }
            $parts[] = is_bool($value) ? (string) (int) $value : (string) $value;
        }
        return count($parts) === 1 ? $parts[0] : implode(',', array_map(static fn (string $part): string => addcslashes($part, ',\\'), $parts));
    }

    /**
     * @return array<string, string> by column; empty where the id does not have as many parts as the key
     */
    public function keyOf(string $localId): array
    {
        if (count($this->keyFields) === 1) {
            return $localId === '' ? [] : [$this->keyFields[0] => $localId];
        }
        $parts = [''];
        for ($i = 0; $i < strlen($localId); $i++) {
            if ($localId[$i] === '\\' && $i + 1 < strlen($localId)) {
                $parts[count($parts) - 1] .= $localId[++$i];
            } elseif ($localId[$i] === ',') {
                $parts[] = '';
            } else {
                $parts[count($parts) - 1] .= $localId[$i];
            }
        }
        return count($parts) === count($this->keyFields) ? array_combine($this->keyFields, $parts) : [];
    }

    /** Of a model that was read: the id before it was changed. */
    public function originalLocalId(Model $model): string
    {
        return $this->localId(array_merge($model->getAttributes(), $model->getRawOriginal()));
    }

    /** Finds the record, also where it is soft-deleted. `$lock`: nobody else changes it until the transaction ends. */
    public function find(string $localId, bool $lock = false): ?Model
    {
        $key = $this->keyOf($localId);
        if ($key === []) {
            return null;
        }
        $query = $this->newModel()->newQueryWithoutScopes()->useWritePdo();
        foreach ($key as $column => $value) {
            $query->where($column, $value);
        }
        $model = ($lock ? $query->lockForUpdate() : $query)->first();
        return $model === null ? null : $this->bound($model);
    }

    /**
     * Finds records and locks them.
     *
     * @param list<string> $localIds
     * @return array<string, Model> by local id
     */
    public function findMany(array $localIds): array
    {
        $found = [];
        foreach (array_chunk($localIds, 100) as $some) {
            $query = $this->newModel()->newQueryWithoutScopes()->useWritePdo();
            if (count($this->keyFields) === 1) {
                $query->whereIn($this->keyFields[0], $some);
            } else {
                $query->where(function ($query) use ($some): void {
                    foreach (array_filter(array_map([$this, 'keyOf'], $some)) as $key) {
                        $query->orWhere(static fn ($one) => $one->where($key));
                    }
                });
            }
            // Always in the same order: two that lock many do not wait for each other.
            foreach ($this->keyFields as $field) {
                $query->orderBy($field);
            }
            foreach ($query->lockForUpdate()->get() as $model) {
                $found[$this->localId($model->getAttributes())] = $this->bound($model);
            }
        }
        return $found;
    }

    /** Tells a pivot that came out of a query which columns are its key. */
    public function bound(Model $model): Model
    {
        return $model instanceof PivotRecord ? $model->bindTo($this) : $model;
    }

    public function isTrashed(Model $model): bool
    {
        return method_exists($model, 'trashed') && $model->trashed();
    }

    /** Whether others may have the record as it is now. */
    public function isInSync(Model $model): bool
    {
        return (!$this->isTrashed($model) || $this->trashed) && (!method_exists($model, 'shouldSync') || $model->shouldSync());
    }

    /** Whether a record that is not in sync is taken away from those who have it. */
    public function isTakenAway(Model $model): bool
    {
        return ($this->isTrashed($model) && !$this->trashed) || !method_exists($model, 'shouldUnsync') || $model->shouldUnsync();
    }
}

<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\Laravel\Relations\SyncedBelongsToMany;
use Cognate\Laravel\Relations\SyncedMorphToMany;
use Illuminate\Database\Eloquent\Builder;
use Illuminate\Database\Eloquent\Model;

/**
 * Keeps the records of an Eloquent model the same on other platforms: writes are captured into the outbox, in the transaction of the
 * write, and deliveries of others may be written into it.
 *
 * All methods whose names begin with `sync`, and shouldSync, shouldUnsync and touchesInSync, are there to be overridden.
 *
 * @mixin Model
 */
trait Syncable
{
    public static function bootSyncable(): void
    {
        static::created(static fn (Model $model) => Sync::capture()->created($model));
        static::updated(static fn (Model $model) => Sync::capture()->updated($model));
        static::deleted(static fn (Model $model) => Sync::capture()->deleted($model));
    }

    /** What the hub calls the model. */
    public function syncModel(): string
    {
        return $this->getTable();
    }

    /**
     * The columns that make up the local id.
     *
     * @return list<string>
     */
    public function syncKey(): array
    {
        return [$this->getKeyName()];
    }

    /**
     * The columns that travel; empty: all but the hidden ones.
     *
     * @return list<string>
     */
    public function syncFields(): array
    {
        return [];
    }

    /**
     * Columns that never leave and are never written. Default: what the model hides from JSON.
     *
     * @return list<string>
     */
    public function syncHidden(): array
    {
        return $this->getHidden();
    }

    /**
     * Fields that lead to files: `['avatar']` has a path on the disk of `cognate.files.disk`, `['cover' => 's3']` on another one, and
     * `['photos' => ['media' => 'photos']]` is a media collection.
     * @return array<int|string, array<string, mixed>|string>
     */
    public function syncFiles(): array
    {
        return [];
    }

    /**
     * Columns that hold ids of other models, beside the foreign keys of the database: class of the model, or its name.
     *
     * @return array<string, string>
     */
    public function syncReferences(): array
    {
        return [];
    }

    /**
     * What polymorphic pairs begin with: `user` for the columns `user_type` and `user_id`.
     *
     * @return list<string>
     */
    public function syncMorphs(): array
    {
        return [];
    }

    /**
     * Relations through pivot tables that have no model with this trait: each table is a model of its own at the hub.
     *
     * @return list<string>
     */
    public function syncPivots(): array
    {
        return [];
    }

    /**
     * Relations whose records are captured again with each change of this one, for columns of theirs that follow it without an event.
     *
     * @return list<string>
     */
    public function touchesInSync(): array
    {
        return [];
    }

    /** Whether the record is published. Asked after each write. */
    public function shouldSync(): bool
    {
        return true;
    }

    /** Whether a record that is published and may no longer be is taken away from the others. */
    public function shouldUnsync(): bool
    {
        return !$this->shouldSync();
    }

    /** Whether a soft-deleted record stays a record for the others, with its `deleted_at`. Else it is deleted there. */
    public function syncTrashed(): bool
    {
        return false;
    }

    /** In whose name it is written elsewhere; travels as the field `acting_identity`. */
    public function syncActingIdentity(): ?string
    {
        return null;
    }

    /**
     * What writes and deletes records here in the place of the package.
     *
     * @return class-string<Handler>|null
     */
    public function syncHandler(): ?string
    {
        return null;
    }

    /**
     * What reads records in the place of the package.
     *
     * @return class-string<Reader>|null
     */
    public function syncReader(): ?string
    {
        return null;
    }

    /** Whether records are assigned to platforms one by one; null leaves it to the hub. */
    public function syncAssignable(): ?bool
    {
        return null;
    }

    /** Captures the record as it is, whether or not it has changed. */
    public function publish(): void
    {
        Sync::capture()->publish($this);
    }

    /** The same; says that it is there already. */
    public function republish(): void
    {
        Sync::capture()->publish($this);
    }

    /** Takes the record away from the others. It stays here, and is published again by its next change. */
    public function unpublish(): void
    {
        Sync::capture()->unpublish($this);
    }

    /** Publishes the record in somebody's name. */
    public function publishAs(string $identity): void
    {
        Sync::capture()->publish($this, $identity);
    }

    /** The record's id across platforms; null as long as nothing was delivered for it. */
    public function syncEntityId(): ?string
    {
        return Sync::status($this)?->entityId;
    }

    /** The version of the record that the hub has or gave; null: it was never sent, or not all of it. */
    public function syncVersion(): ?int
    {
        $row = Sync::status($this);
        return $row === null || $row->version === 0 ? null : $row->version;
    }

    /** Whether the record has changes that the hub does not have yet. */
    public function isPending(): bool
    {
        return Sync::isPending($this);
    }

    /**
     * Captures every record of the model that differs from what was captured last: for writes that raise no events.
     *
     * @return int how many
     */
    public static function sync(): int
    {
        return Sync::reconcile(static::class);
    }

    /**
     * Captures the rows of a pivot table that differ from what was captured last.
     *
     * @return int how many
     */
    public function syncPivot(string $relation): int
    {
        return Sync::reconcile($this->{$relation}()->getTable());
    }

    /**
     * @template T
     * @param Closure(): T $write
     * @return T
     */
    public static function withoutSyncing(Closure $write): mixed
    {
        return Sync::withoutSyncing($write);
    }

    /**
     * @param array<string, mixed> $options
     * @return bool
     */
    public function save(array $options = [])
    {
        return $this->inOneTransaction(fn () => parent::save($options));
    }

    /** @return bool|int|null */
    public function delete()
    {
        return $this->inOneTransaction(fn () => parent::delete());
    }

    /**
     * @param string $column
     * @param float|int $amount
     * @param array<string, mixed> $extra
     * @param string $method
     * @return int
     */
    protected function incrementOrDecrement($column, $amount, $extra, $method)
    {
        return $this->inOneTransaction(fn () => parent::incrementOrDecrement($column, $amount, $extra, $method));
    }

    /** The write and the row of the outbox are kept together, or not at all. */
    private function inOneTransaction(Closure $write): mixed
    {
        $capture = Sync::capture();
        return $capture->isOn($this) && !$capture->beginsDelivery($this) ? $capture->inOneTransaction($this->getConnection(), $write) : $write();
    }

    protected function newBelongsToMany(
        Builder $query,
        Model $parent,
        $table,
        $foreignPivotKey,
        $relatedPivotKey,
        $parentKey,
        $relatedKey,
        $relationName = null
    ) {
        return new SyncedBelongsToMany($query, $parent, $table, $foreignPivotKey, $relatedPivotKey, $parentKey, $relatedKey, $relationName);
    }

    protected function newMorphToMany(
        Builder $query,
        Model $parent,
        $name,
        $table,
        $foreignPivotKey,
        $relatedPivotKey,
        $parentKey,
        $relatedKey,
        $relationName = null,
        $inverse = false
    ) {
        return new SyncedMorphToMany($query, $parent, $name, $table, $foreignPivotKey, $relatedPivotKey, $parentKey, $relatedKey, $relationName, $inverse);
    }
}

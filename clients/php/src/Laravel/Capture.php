<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\Laravel\Files\FileResolvers;
use Cognate\V1\Operation;
use Illuminate\Database\Connection;
use Illuminate\Database\ConnectionInterface;
use Illuminate\Database\Eloquent\Model;

/**
 * Turns Eloquent's events into rows of the outbox. Nothing here reaches the network: a save costs one select and one insert more.
 */
final class Capture
{
    /** How many withoutSyncing() are open. */
    private int $off = 0;
    /** @var list<Guard> deliveries that are being written */
    private array $guards = [];

    public function __construct(
        private readonly Definitions $definitions,
        private readonly Records $records,
        private readonly Outbox $outbox,
        private readonly Inbox $inbox,
        private readonly Elsewhere $elsewhere,
        private readonly Options $options,
        private readonly ErrorReport $errors,
        private readonly Sender $sender,
        private readonly FileResolvers $files,
    ) {
    }

    /**
     * @template T
     * @param Closure(): T $write
     * @return T
     */
    public function withoutSyncing(Closure $write): mixed
    {
        $this->off++;
        try {
            return $write();
        } finally {
            $this->off--;
        }
    }

    /**
     * The write and its rows of the outbox: both or neither.
     *
     * @template T
     * @param Closure(): T $write
     * @return T
     */
    public function inOneTransaction(ConnectionInterface $connection, Closure $write): mixed
    {
        assert($connection instanceof Connection);
        $isOuter = $connection->transactionLevel() === 0;
        return $connection->transaction(function () use ($connection, $write, $isOuter): mixed {
            if ($isOuter && $connection->getDriverName() === 'sqlite') {
                $this->becomeWriter($connection);
            }
            return $write();
        });
    }

    /**
     * SQLite refuses a write at once, without waiting, where somebody else has written since the transaction's first read. What used to
     * stand in no transaction must not meet that because of this one: it writes first, and waits for its turn.
     */
    private function becomeWriter(Connection $connection): void
    {
        try {
            $this->inbox->lock($connection);
        } catch (\Throwable $error) {
            // Without the package's tables nothing is captured either, and that is told there.
            if (!str_contains($error->getMessage(), 'no such table')) {
                throw $error;
            }
        }
    }

    /**
     * Writes a delivery. Only its own record is left out: what observers save of other models meanwhile are changes of this side.
     *
     * @template T
     * @param Closure(): T $write
     * @return T
     */
    public function applying(Guard $guard, Closure $write): mixed
    {
        $this->guards[] = $guard;
        try {
            return $write();
        } finally {
            array_pop($this->guards);
        }
    }

    public function isOn(Model $model): bool
    {
        return $this->off === 0 && $this->options->enabled && $this->definitions->of($model) !== null;
    }

    /** Whether it is the write of a delivery itself: it is not captured, and where it fails the whole transaction is undone. */
    public function beginsDelivery(Model $model): bool
    {
        $guard = end($this->guards);
        return $guard !== false && $guard->begins($model);
    }

    /** Whether nothing of the model is captured right now. */
    public function isQuiet(Definition $definition): bool
    {
        $guarding = array_filter($this->guards, static fn (Guard $guard): bool => $guard->coversModel($definition));
        return $this->off > 0 || !$this->options->enabled || $guarding !== [];
    }

    public function created(Model $model): void
    {
        $this->captured($model, fn (Definition $definition) => $this->written($definition, $model, Operation::OPERATION_CREATE, null));
    }

    public function updated(Model $model): void
    {
        $this->captured($model, function (Definition $definition) use ($model): void {
            $changed = array_keys($model->getChanges());
            $before = $definition->originalLocalId($model);
            if ($before !== $definition->localId($model->getAttributes())) {
                $this->removed($definition, $model);
                $this->written($definition, $model, Operation::OPERATION_CREATE, null);
                return;
            }
            $restored = method_exists($model, 'getDeletedAtColumn') && in_array($model->getDeletedAtColumn(), $changed, true);
            $decides = $restored || $definition->hasCondition || $definition->reader !== null;
            if ($changed !== [] && !$decides && array_filter($changed, [$definition, 'has']) === []) {
                return;
            }
            $this->written($definition, $model, Operation::OPERATION_UPDATE, $changed === [] ? null : $changed);
        });
    }

    public function deleted(Model $model): void
    {
        $this->captured($model, function (Definition $definition) use ($model): void {
            // Soft deletes leave the row, and `exists` with it.
            if ($definition->isTrashed($model) && $model->exists && $definition->trashed) {
                $this->written($definition, $model, Operation::OPERATION_UPDATE, null);
                return;
            }
            $this->removed($definition, $model);
        });
    }

    public function publish(Model $model, ?string $identity = null): void
    {
        // The record is locked while it is captured: an edit that is saved meanwhile must not be followed by what was before it.
        $write = fn (Definition $definition) => $this->written($definition, $model, Operation::OPERATION_UPDATE, [], $identity, true);
        if ($this->isOn($model)) {
            $this->inOneTransaction($model->getConnection(), fn () => $this->captured($model, $write));
        }
    }

    /**
     * Captures a record as it is now: its state, its delete where others have what they may not have any more, or nothing.
     *
     * @param list<string>|null $changed columns that were edited; null: any
     * @return bool whether there was anything to capture
     */
    public function asItIs(Definition $definition, Model $model, ?array $changed = null): bool
    {
        $before = $this->outbox->appended;
        $this->written($definition, $model, Operation::OPERATION_UPDATE, $changed);
        return $this->outbox->appended > $before;
    }

    /** Something was added to the files of a record, or taken away, by means of their own. */
    public function mediaChanged(Model $owner, string $collection): void
    {
        $this->captured($owner, function (Definition $definition) use ($owner, $collection): void {
            foreach ($this->files->beside($definition) as $name => $field) {
                if ($field->collection === $collection) {
                    $this->written($definition, $owner, Operation::OPERATION_UPDATE, [(string) $name]);
                }
            }
        });
    }

    public function unpublish(Model $model): void
    {
        $this->captured($model, fn (Definition $definition) => $this->removed($definition, $model));
    }

    private function captured(Model $model, Closure $capture): void
    {
        if (!$this->isOn($model)) {
            return;
        }
        $definition = $this->definitions->of($model);
        foreach ($this->guards as $guard) {
            if ($guard->covers($definition, $model)) {
                return;
            }
        }
        $this->safely($model->getConnection(), function () use ($definition, $model, $capture): void {
            $capture($definition);
            $this->dependents($definition, $model);
        });
    }

    /** @param list<string>|null $changed */
    private function written(Definition $definition, Model $model, int $operation, ?array $changed, ?string $identity = null, bool $lock = false): void
    {
        if (!$definition->isInSync($model)) {
            if ($definition->isTakenAway($model)) {
                $this->removed($definition, $model);
            }
            return;
        }
        $localId = $definition->localId($model->getAttributes());
        $fields = $this->records->read($definition, $model, $lock);
        if ($fields === null) {
            return;
        }
        if ($identity !== null && !$definition->actsAs) {
            throw new Exceptions\InvalidDefinition("cognate: $definition->class does not say in whose name it is written; override syncActingIdentity()");
        }
        if ($identity !== null) {
            $fields[Records::ACTING_IDENTITY] = $identity;
        }
        $this->outbox->append($model->getConnection(), $definition->name, $localId, $operation, $fields, $changed);
        $this->sender->captured($model->getConnection());
    }

    /** Of a record that never left nothing is said: it may be a draft. */
    private function removed(Definition $definition, Model $model): void
    {
        $attributes = array_merge($model->getAttributes(), $model->getRawOriginal());
        $localId = $definition->localId($attributes);
        if ($this->elsewhere->has($model->getConnection(), $definition->name, [$localId]) === []) {
            return;
        }
        $fields = $this->records->travelling($definition, $model, $attributes);
        $this->outbox->append($model->getConnection(), $definition->name, $localId, Operation::OPERATION_DELETE, $fields, null);
        $this->sender->captured($model->getConnection());
    }

    /** Whether it is not what was captured or delivered last. */
    private function hasChanged(Definition $definition, Model $model): bool
    {
        $localId = $definition->localId($model->getAttributes());
        $fields = $this->records->read($definition, $model) ?? [];
        $pending = $this->outbox->pendingOf($model->getConnection(), $definition->name, $localId);
        $hash = $pending === [] ? $this->inbox->ofRecord($model->getConnection(), $definition->name, $localId)?->hash : RawValues::hash(end($pending)->fields);
        return $hash !== RawValues::hash($fields);
    }

    private function dependents(Definition $definition, Model $model): void
    {
        foreach ($definition->touches as $relation) {
            foreach ($model->{$relation}()->get() as $dependent) {
                $other = $this->definitions->of($dependent);
                if ($other !== null && $dependent->getConnection() === $model->getConnection() && $this->hasChanged($other, $dependent)) {
                    $this->written($other, $dependent, Operation::OPERATION_UPDATE, null);
                }
            }
        }
    }

    /**
     * A capture that fails is told and does not break the write; the comparison of `cognate:push --all` finds it. Databases that give up
     * the whole transaction after an error get a savepoint, and what says "try the transaction again" goes on to whoever began it.
     */
    public function safely(ConnectionInterface $connection, Closure $capture): void
    {
        assert($connection instanceof Connection);
        if ($this->options->captureErrors === 'throw') {
            $capture();
            return;
        }
        try {
            if ($connection->getDriverName() === 'pgsql' && $connection->transactionLevel() > 0) {
                $connection->transaction($capture);
            } else {
                $capture();
            }
        } catch (\Throwable $error) {
            if (ErrorReport::asksForRepetition($error)) {
                throw $error;
            }
            $this->errors->tell('a change was not captured', $error);
        }
    }
}

<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\Laravel\Exceptions\DeliveryFailed;
use Cognate\Laravel\Exceptions\DeliveryRejected;
use Cognate\Laravel\Exceptions\DeliverySkipped;
use Cognate\Laravel\Files\IncomingFiles;
use Cognate\V1\Delivery;
use Cognate\V1\ExistsAction;
use Cognate\V1\Operation;
use Illuminate\Contracts\Container\Container;
use Illuminate\Database\Connection;
use Illuminate\Database\Eloquent\Model;

/** Writes one delivery through Eloquent, within the transaction and the savepoint of its caller. */
final class RecordWriter
{
    /** Whether the last delivery got as far as to the application's own code, which may have written anything. */
    public bool $hasBegun = false;

    public function __construct(
        private readonly Records $records,
        private readonly FieldValues $values,
        private readonly Inbox $inbox,
        private readonly LocalEdits $edits,
        private readonly FirstContact $contact,
        private readonly Capture $capture,
        private readonly IncomingFiles $files,
        private readonly Options $options,
        private readonly Container $container,
    ) {
    }

    public function write(Connection $connection, Definition $definition, Delivery $delivery, Known $all): Written
    {
        $this->hasBegun = false;
        $known = $all->ofEntity($definition, $delivery->getEntityId());
        $localId = $delivery->getLocalId() !== '' ? $delivery->getLocalId() : (string) $known?->localId;
        $record = $localId === '' ? null : $all->find($definition, $localId, true);
        if ($record === null && $known !== null && $known->localId !== $localId) {
            $localId = $known->localId;
            $record = $all->find($definition, $localId, true);
        }
        $isDelete = $delivery->getOperation() === Operation::OPERATION_DELETE;
        $pending = $localId === '' || $isDelete ? [] : $all->pending($definition, $localId, true);
        // A record that was only sent so far has its newest version under its local id.
        $named = $localId === '' ? $known : ($all->ofRecord($definition, $localId) ?? $known);
        $version = max((int) $known?->version, (int) $named?->version);
        if ($isDelete) {
            // What was deleted on one platform is gone on all, also where it was edited meanwhile; but not where it was made anew.
            return $named !== null && $named->floor >= (int) $delivery->getVersion()
                ? new Written('', max($version, (int) $delivery->getVersion()))
                : $this->delete($definition, $delivery, $connection, $localId, $record, $named, $all);
        }
        return $named !== null && $version >= (int) $delivery->getVersion()
            ? $this->past($definition, $delivery, $named, $version, $record !== null && !$named->isDeleted ? $record : null, $all)
            : $this->put($definition, $delivery, $connection, $localId, $record, $pending, $named, $all);
    }

    /** This version, or a newer one, is here already. */
    private function past(Definition $definition, Delivery $delivery, InboxRow $row, int $version, ?Model $record, Known $all): Written
    {
        if ($record === null) {
            throw new DeliverySkipped('DELETED_ON_TARGET', "$definition->name $row->localId was deleted here after that");
        }
        if ($row->entityId !== $delivery->getEntityId()) {
            $all->applied($definition, $delivery, $row->localId, $version, $row->isDeleted, null, $record);
        }
        return new Written($row->localId, $version);
    }

    private function delete(Definition $definition, Delivery $delivery, Connection $connection, string $localId, ?Model $record, ?InboxRow $known, Known $all): Written
    {
        $events = [];
        if ($record !== null) {
            $isNewerAtHub = $known !== null && !$known->isDeleted && $known->version > (int) $delivery->getVersion();
            $events = $this->edits->give($connection, $definition, $delivery, $localId, $isNewerAtHub, fn (): array => $this->records->travelling($definition, $record, $record->getAttributes()));
            if (!$definition->isTrashed($record) || $definition->trashed) {
                $this->remove($this->incoming($definition, $delivery, [], $localId), $record);
            }
        }
        if ($localId !== '') {
            $all->applied($definition, $delivery, $localId, (int) $delivery->getVersion(), true, self::source($delivery), null);
        }
        $events[] = new Events\RecordApplied($definition->name, $delivery->getEntityId(), $localId, (int) $delivery->getVersion(), true);
        return new Written('', (int) $delivery->getVersion(), $events);
    }

    /** @param list<OutboxRow> $pending */
    private function put(Definition $definition, Delivery $delivery, Connection $connection, string $localId, ?Model $record, array $pending, ?InboxRow $known, Known $all): Written
    {
        $trashedHere = $record !== null && $definition->isTrashed($record) && !$definition->trashed;
        $deletedByDelivery = $known !== null && $known->isDeletedByDelivery;
        if ($pending !== [] && end($pending)->operation === Operation::OPERATION_DELETE) {
            if (!$deletedByDelivery || !$this->edits->takeBackDelete($connection, $definition, $localId)) {
                throw new DeliverySkipped('DELETED_ON_TARGET', "$definition->name $localId was deleted here; the delete is on its way");
            }
            $pending = [];
        }
        if ($delivery->getKeepsDeletes() && $localId !== '' && !$deletedByDelivery && ($record === null || $trashedHere)) {
            throw new DeliverySkipped('DELETED_ON_TARGET', "$definition->name $localId was deleted here and is not made anew");
        }
        if ($record === null && $localId === '') {
            // A record that was soft-deleted comes back under another entity; here it is the same row.
            $former = $all->deletedBy($definition, self::source($delivery));
            $record = $former === null ? null : $definition->find($former->localId, true);
            $record = $record !== null && $definition->isTrashed($record) ? $record : null;
            $localId = $record === null ? '' : $definition->localId($record->getAttributes());
            $record === null || $this->edits->takeBackDelete($connection, $definition, $localId);
        }
        $attributes = $delivered = $this->attributes($definition, $delivery, $record ?? $definition->newModel());
        $isNew = $record === null;
        if ($record === null && count($delivery->getNaturalKeys()) > 0) {
            $record = $this->locked($definition, $this->contact->match($definition, $delivery, $attributes, $all));
            if ($record !== null && $delivery->getIfExists() === ExistsAction::EXISTS_ACTION_RENAME) {
                $record = null;
                $attributes = $this->contact->renamed($definition, $delivery, $attributes);
            } elseif ($record !== null) {
                $localId = $definition->localId($record->getAttributes());
                $pending = $this->edits->of($connection, $definition, $localId);
                $known = $this->inbox->ofRecord($connection, $definition->name, $localId);
                if ($known !== null && $known->version >= (int) $delivery->getVersion()) {
                    // Both sides had it and have told the hub: the newer of the two versions stays on both.
                    return $this->past($definition, $delivery, $known, $known->version, $record, $all);
                }
                if (!$this->contact->isWritten($definition, $delivery, $record)) {
                    return $this->done($definition, $delivery, $record, [], $pending === [] ? $delivered : null, $all);
                }
            }
        }
        if (count($delivery->getCollisions()) > 0) {
            $adopted = $record;
            $attributes = $this->contact->withoutCollisions($definition, $delivery, $attributes, $adopted);
            if ($record === null && ($record = $this->locked($definition, $adopted)) !== null) {
                $localId = $definition->localId($record->getAttributes());
                $pending = $this->edits->of($connection, $definition, $localId);
            }
        }
        if ($record !== null && count($delivery->getMissingOnlyFields()) > 0) {
            foreach ($delivery->getMissingOnlyFields() as $field) {
                if (!in_array($record->getAttributes()[$field] ?? null, [null, '', '[]', '{}'], true)) {
                    unset($attributes[$field]);
                }
            }
        }
        $events = [];
        if ($record !== null && $pending !== []) {
            [$attributes, $events] = $this->edits->merge($connection, $definition, $delivery, $localId, $record, $attributes, $pending);
        }
        $incoming = $this->incoming($definition, $delivery, $attributes, $localId);
        $saved = $this->save($incoming, $record);
        if (is_string($saved)) {
            $found = $definition->find($saved);
            $saved = $found ?? throw new DeliveryFailed('RECORD_NOT_FOUND', "the handler of $definition->name says that it wrote $saved, and there is no such record");
        }
        $events[] = new Events\RecordApplied($definition->name, $delivery->getEntityId(), $definition->localId($saved->getAttributes()), (int) $delivery->getVersion(), false, $isNew);
        // An edit of here that stays is not what became of the delivery: said as written, the hub would take the edit for its echo.
        return $this->done($definition, $delivery, $saved, $events, $pending === [] ? $delivered : null, $all);
    }

    /** A record that was found by its values, as it is now: nobody edits it until it is written. */
    private function locked(Definition $definition, ?Model $found): ?Model
    {
        return $found === null ? null : $definition->find($definition->localId($found->getAttributes()), true);
    }

    /**
     * @param list<object> $events
     * @param array<string, mixed>|null $delivered
     */
    private function done(Definition $definition, Delivery $delivery, Model $record, array $events, ?array $delivered, Known $all): Written
    {
        $localId = $definition->localId($record->getAttributes());
        // What was left empty for now comes again under the same version.
        $version = (int) $delivery->getVersion() - ($delivery->getIncomplete() ? 1 : 0);
        $all->applied($definition, $delivery, $localId, $version, false, null, $record);
        return new Written($localId, (int) $delivery->getVersion(), $events, $delivered);
    }

    /** Which record of which platform it comes from, in short. */
    public static function source(Delivery $delivery): string
    {
        $source = $delivery->getSource();
        return md5("{$source?->getPlatform()}\0{$source?->getModel()}\0{$source?->getLocalId()}");
    }

    /** @return array<string, mixed> raw values of declared columns */
    private function attributes(Definition $definition, Delivery $delivery, Model $model): array
    {
        $columns = $this->records->columns($definition);
        $connection = $definition->connection();
        assert($connection instanceof Connection);
        $attributes = [];
        foreach ($delivery->getFields() as $field) {
            $column = $columns[$field->getName()] ?? null;
            if ($column === null || $column->generated) {
                throw new DeliveryRejected('FIELD_NOT_SYNCED', "$definition->name does not let {$field->getName()} be written; add it to the model's syncFields(), or take it out of the sync", $field->getName());
            }
            $value = $field->getValue();
            $attributes[$field->getName()] = $value === null ? null : $this->values->toRaw($value, $column, $connection->getDriverName(), $model->getDateFormat());
        }
        return $attributes;
    }

    private function save(Incoming $incoming, ?Model $record): Model|string
    {
        $definition = $incoming->definition;
        if ($definition->handler !== null) {
            $handler = $this->container->make($definition->handler);
            assert($handler instanceof Handler);
            return $this->asActor($incoming, Guard::ofModel($definition), static fn (): Model|string => $handler->write($incoming, $record));
        }
        $model = $record ?? $definition->newModel();
        $beside = [];
        $attributes = $this->files->attributes($definition, $incoming->attributes, $beside);
        // Raw: a mutator or a cast has done its work on the other side, and would hash a hash once more.
        $model->setRawAttributes(array_merge($model->getAttributes(), $attributes));
        $restored = $definition->isTrashed($model) && !$definition->trashed;
        return $this->asActor($incoming, Guard::ofRecord($definition, $model), function () use ($model, $restored, $definition, $beside): Model {
            if (($restored && method_exists($model, 'restore') ? $model->restore() : $model->save()) === false) {
                throw new DeliveryRejected('REFUSED_BY_APPLICATION', "an observer of $definition->class did not let the record be saved");
            }
            $this->files->attach($definition, $model, $beside);
            return $model;
        });
    }

    private function remove(Incoming $incoming, Model $record): void
    {
        $definition = $incoming->definition;
        if ($definition->handler !== null) {
            $handler = $this->container->make($definition->handler);
            assert($handler instanceof Handler);
            $this->asActor($incoming, Guard::ofModel($definition), static fn () => $handler->delete($incoming, $record));
            return;
        }
        $this->asActor($incoming, Guard::ofRecord($definition, $record), static function () use ($record, $definition): void {
            if ($record->delete() === false) {
                throw new DeliveryRejected('REFUSED_BY_APPLICATION', "an observer of $definition->class did not let the record be deleted");
            }
        });
    }

    private function asActor(Incoming $incoming, Guard $guard, Closure $write): mixed
    {
        $this->hasBegun = true;
        $guarded = fn (): mixed => $this->capture->applying($guard, $write);
        if ($this->options->actsAs === null || $incoming->actingIdentity === '') {
            return $guarded();
        }
        $actsAs = $this->container->make($this->options->actsAs);
        assert($actsAs instanceof ActsAs);
        return $actsAs->as($incoming->actingIdentity, $guarded);
    }

    /** @param array<string, mixed> $attributes */
    private function incoming(Definition $definition, Delivery $delivery, array $attributes, string $localId): Incoming
    {
        $source = $delivery->getSource();
        return new Incoming(
            $delivery->getEntityId(),
            $definition,
            (int) $delivery->getVersion(),
            $delivery->getOperation() === Operation::OPERATION_DELETE,
            $attributes,
            $localId,
            ['platform' => (string) $source?->getPlatform(), 'model' => (string) $source?->getModel(), 'local_id' => (string) $source?->getLocalId()],
            $delivery->getActingIdentity(),
            $delivery->getIncomplete(),
        );
    }
}

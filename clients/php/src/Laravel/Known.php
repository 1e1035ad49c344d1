<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\V1\Delivery;
use Illuminate\Database\Connection;
use Illuminate\Database\Eloquent\Model;

/**
 * What this side has of the records of several deliveries, asked once for all of them, under the locks of the transaction; and what
 * is to be remembered of them, written once for all of them.
 */
final class Known
{
    /** @var array<string, InboxRow> by model and entity */
    private array $entities = [];
    /** @var array<string, InboxRow> by model and local id */
    private array $records = [];
    /** @var array<string, Model> by model and local id */
    private array $models = [];
    /** @var array<string, list<OutboxRow>> by model and local id */
    private array $pending = [];
    /** @var array<string, InboxRow> what was deleted here, by model and source */
    private array $deleted = [];
    /** @var array<string, true> natural keys of these deliveries that nothing here has, by model, field and value */
    private array $unmatched = [];
    /** @var list<array{Definition, Delivery, string, int, bool, string|null, Model|null}> */
    private array $applied = [];
    /** @var array<string, array<string, mixed>> what is there after `remember`, by model and local id */
    private array $written = [];
    private bool $isFresh = true;
    private int $captured;

    public function __construct(
        private readonly Connection $connection,
        private readonly Inbox $inbox,
        private readonly Outbox $outbox,
        private readonly Records $reader,
    ) {
        $this->captured = $outbox->appended;
    }

    /** @param list<array{Definition, Delivery}> $deliveries */
    public function ask(array $deliveries): void
    {
        $entities = $ids = $definitions = [];
        foreach ($deliveries as [$definition, $delivery]) {
            $definitions[$definition->name] = $definition;
            $entities[$definition->name][] = $delivery->getEntityId();
            if ($delivery->getLocalId() !== '') {
                $ids[$definition->name][$delivery->getLocalId()] = true;
            }
        }
        foreach ($entities as $name => $some) {
            foreach ($this->inbox->ofEntities($this->connection, $name, $some) as $row) {
                $this->entities["$name\0$row->entityId"] = $row;
                $ids[$name][$row->localId] = true;
            }
        }
        $this->askOfNew($deliveries, $definitions);
        foreach ($ids as $name => $some) {
            $some = array_map('strval', array_keys($some));
            foreach ($definitions[$name]->findMany($some) as $localId => $model) {
                $this->models["$name\0$localId"] = $model;
            }
            // The outbox before the inbox: what another worker sends meanwhile is in the inbox before it is out of there.
            foreach ($this->outbox->pendingOfMany($this->connection, $name, $some) as $row) {
                $this->pending["$name\0$row->localId"][] = $row;
            }
            foreach ($this->inbox->ofRecords($this->connection, $name, $some) as $localId => $row) {
                $this->records["$name\0$localId"] = $row;
            }
        }
    }

    /** The record that was deleted here because the delivery's own was. */
    public function deletedBy(Definition $definition, string $source): ?InboxRow
    {
        return $this->deleted["$definition->name\0$source"] ?? null;
    }

    /** Whether it is known already that nothing here has this value. */
    public function isUnmatched(Definition $definition, string $field, mixed $value): bool
    {
        return $this->isFresh() && is_scalar($value) && isset($this->unmatched["$definition->name\0$field\0$value"]);
    }

    /**
     * @param list<array{Definition, Delivery}> $deliveries
     * @param array<string, Definition> $definitions
     */
    private function askOfNew(array $deliveries, array $definitions): void
    {
        $sources = $values = [];
        foreach ($deliveries as [$definition, $delivery]) {
            if ($delivery->getLocalId() !== '' || isset($this->entities["$definition->name\0{$delivery->getEntityId()}"])) {
                continue;
            }
            $sources[$definition->name][] = RecordWriter::source($delivery);
            foreach ($delivery->getNaturalKeys() as $key) {
                $field = $key->getFields()[0];
                foreach (count($key->getFields()) === 1 ? $delivery->getFields() : [] as $candidate) {
                    if ($candidate->getName() === $field && $candidate->getValue()?->hasTextValue()) {
                        $values[$definition->name][$field][$candidate->getValue()->getTextValue()] = true;
                    }
                }
            }
        }
        foreach ($sources as $name => $some) {
            foreach ($this->inbox->deletedBy($this->connection, $name, $some) as $source => $row) {
                $this->deleted["$name\0$source"] = $row;
            }
        }
        foreach ($values as $name => $fields) {
            foreach ($fields as $field => $some) {
                $some = array_map('strval', array_keys($some));
                // Where the database finds any, by whatever it takes for equal, each is asked for by itself.
                $query = $definitions[$name]->newModel()->newQueryWithoutScopes()->useWritePdo()->whereIn($field, $some);
                foreach (count($some) > 1 && !$query->exists() ? $some : [] as $value) {
                    $this->unmatched["$name\0$field\0$value"] = true;
                }
            }
        }
    }

    public function ofEntity(Definition $definition, string $entityId): ?InboxRow
    {
        return $this->isFresh() ? $this->entities["$definition->name\0$entityId"] ?? null : $this->inbox->ofEntity($this->connection, $definition->name, $entityId);
    }

    public function ofRecord(Definition $definition, string $localId): ?InboxRow
    {
        return $this->isFresh() && isset($this->records["$definition->name\0$localId"])
            ? $this->records["$definition->name\0$localId"]
            : $this->inbox->ofRecord($this->connection, $definition->name, $localId);
    }

    /** @param bool $asked whether it was among the ids that were asked for */
    public function find(Definition $definition, string $localId, bool $asked): ?Model
    {
        return $this->isFresh() && $asked ? $this->models["$definition->name\0$localId"] ?? null : $definition->find($localId, true);
    }

    /** @return list<OutboxRow> */
    public function pending(Definition $definition, string $localId, bool $asked): array
    {
        return $this->isFresh() && $asked ? $this->pending["$definition->name\0$localId"] ?? [] : $this->outbox->pendingOf($this->connection, $definition->name, $localId);
    }

    public function applied(Definition $definition, Delivery $delivery, string $localId, int $version, bool $deleted, ?string $deletedBy, ?Model $record): void
    {
        $this->applied[] = [$definition, $delivery, $localId, $version, $deleted, $deletedBy, $record];
    }

    /** Writes the rows of the inbox. */
    public function remember(): void
    {
        $ids = $definitions = [];
        foreach ($this->applied as [$definition, , $localId, , , , $record]) {
            $definitions[$definition->name] = $definition;
            if ($record !== null) {
                $ids[$definition->name][$localId] = $record;
            }
        }
        $hashes = [];
        foreach ($ids as $name => $records) {
            foreach ($this->reader->readMany($definitions[$name], $records) as $localId => $fields) {
                $hashes["$name\0$localId"] = RawValues::hash($fields);
                $this->written["$name\0$localId"] = $fields;
            }
        }
        foreach ($this->applied as [$definition, $delivery, $localId, $version, $deleted, $deletedBy, $record]) {
            if ($record !== null && !isset($hashes["$definition->name\0$localId"])) {
                throw new Exceptions\DeliveryFailed('RECORD_NOT_FOUND', "$definition->name $localId is gone right after it was written; look for an observer that deletes it");
            }
        }
        $this->inbox->appliedMany($this->connection, array_map(static fn (array $of): array => [
            'entity_id' => $of[1]->getEntityId(),
            'model' => $of[0]->name,
            'local_id' => $of[2],
            'version' => $of[3],
            'floor' => $of[3],
            'hash' => $hashes["{$of[0]->name}\0$of[2]"] ?? null,
            'deleted' => $of[4],
            'source' => $of[5],
            'reported' => false,
        ], $this->applied), $this->entities);
        $this->applied = [];
    }

    /**
     * After `remember`: the record as it travels; null where it is none of these deliveries'.
     *
     * @return array<string, mixed>|null
     */
    public function written(Definition $definition, string $localId): ?array
    {
        return $this->written["$definition->name\0$localId"] ?? null;
    }

    /** What an observer has captured meanwhile may be of any record. */
    private function isFresh(): bool
    {
        return $this->isFresh = $this->isFresh && $this->captured === $this->outbox->appended;
    }
}

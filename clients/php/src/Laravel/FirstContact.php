<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Laravel\Exceptions\DeliveryConflict;
use Cognate\Laravel\Exceptions\DeliveryRejected;
use Cognate\Laravel\Exceptions\DeliverySkipped;
use Cognate\V1\CollisionAction;
use Cognate\V1\Delivery;
use Cognate\V1\ExistsAction;
use Cognate\V1\FieldType;
use Illuminate\Database\Eloquent\Model;

/** What a new record meets: one of this side that is the same by its natural key, and unique values that are taken. */
final class FirstContact
{
    private const MAX_SUFFIX = 1000;

    public function __construct(private readonly Inbox $inbox, private readonly Records $records)
    {
    }

    /**
     * The record of this side that has the delivery's natural key.
     *
     * @param array<string, mixed> $attributes
     */
    public function match(Definition $definition, Delivery $delivery, array $attributes, Known $all): ?Model
    {
        foreach ($delivery->getNaturalKeys() as $key) {
            $where = [];
            foreach ($key->getFields() as $field) {
                $where[$field] = $attributes[$field] ?? null;
            }
            if ($where === [] || in_array(null, $where, true)) {
                continue;
            }
            if (count($where) === 1 && $all->isUnmatched($definition, (string) array_key_first($where), current($where))) {
                continue;
            }
            $matches = $this->free($definition, $where, $delivery->getEntityId());
            if (count($matches) > 1) {
                $ids = implode(' and ', array_map(static fn (Model $model): string => $definition->localId($model->getAttributes()), $matches));
                throw new DeliveryConflict('AMBIGUOUS_MATCH', "the records $ids of $definition->name have the same " . implode(', ', array_keys($where)) . '; change or remove one of them', (string) array_key_first($where));
            }
            if ($matches !== []) {
                return $matches[0];
            }
        }
        return null;
    }

    /**
     * What `if_exists` says of a match. False: it becomes the same record, and is not written.
     *
     * @throws DeliverySkipped
     * @throws DeliveryRejected
     */
    public function isWritten(Definition $definition, Delivery $delivery, Model $match): bool
    {
        $id = $definition->localId($match->getAttributes());
        return match ($delivery->getIfExists()) {
            ExistsAction::EXISTS_ACTION_ADOPT => false,
            ExistsAction::EXISTS_ACTION_SKIP => throw new DeliverySkipped('RECORD_EXISTS', "$definition->name $id has the same natural key and stays as it is"),
            ExistsAction::EXISTS_ACTION_ERROR => throw new DeliveryRejected('RECORD_EXISTS', "$definition->name $id has the same natural key; the sync says that this is an error"),
            default => true,
        };
    }

    /**
     * EXISTS_ACTION_RENAME: the new record steps aside.
     *
     * @param array<string, mixed> $attributes
     * @return array<string, mixed>
     */
    public function renamed(Definition $definition, Delivery $delivery, array $attributes): array
    {
        $columns = $this->records->columns($definition);
        foreach ($delivery->getNaturalKeys() as $key) {
            $texts = array_filter(iterator_to_array($key->getFields(), false), static fn (string $field): bool => is_string($attributes[$field] ?? null)
                && ($columns[$field]->type ?? null) === FieldType::FIELD_TYPE_TEXT);
            if ($texts !== []) {
                $field = end($texts);
                $attributes[$field] = $this->suffixed($definition, $field, $attributes[$field], null);
                break;
            }
        }
        foreach ($this->records->table($definition)->uniques as $members) {
            $field = $members[0];
            if (count($members) === 1 && is_string($attributes[$field] ?? null)) {
                $attributes[$field] = $this->suffixed($definition, $field, $attributes[$field], null);
            }
        }
        return $attributes;
    }

    /**
     * Unique values that another record has, as `on_collision` says. A record to adopt is put into `$record`.
     *
     * @param array<string, mixed> $attributes
     * @return array<string, mixed>
     */
    public function withoutCollisions(Definition $definition, Delivery $delivery, array $attributes, ?Model &$record): array
    {
        foreach ($delivery->getCollisions() as $collision) {
            $field = $collision->getField();
            $value = $attributes[$field] ?? null;
            if ($value === null) {
                continue;
            }
            if ($collision->getAction() === CollisionAction::COLLISION_ACTION_ADOPT && $record === null) {
                $free = $this->free($definition, [$field => $value], $delivery->getEntityId());
                $record = count($free) === 1 ? $free[0] : null;
            } elseif ($collision->getAction() === CollisionAction::COLLISION_ACTION_SUFFIX && is_string($value)) {
                $has = $record?->getAttributes()[$field] ?? null;
                // What was written once stays while the source says the same.
                $kept = is_string($has) && preg_match('/^' . preg_quote($value, '/') . '-\d+$/', $has) === 1;
                $attributes[$field] = $kept ? $has : $this->suffixed($definition, $field, $value, $record);
            }
        }
        return $attributes;
    }

    private function suffixed(Definition $definition, string $field, string $value, ?Model $self): string
    {
        $length = $this->records->columns($definition)[$field]->maxLength ?? 0;
        for ($number = 1; $number <= self::MAX_SUFFIX; $number++) {
            $suffix = $number === 1 ? '' : "-$number";
            $tried = $length > 0 ? mb_substr($value, 0, $length - strlen($suffix)) . $suffix : $value . $suffix;
            $query = $definition->newModel()->newQueryWithoutScopes()->useWritePdo()->where($field, $tried);
            foreach ($self === null ? [] : $definition->keyFields as $key) {
                $query->where($key, '!=', $self->getAttributes()[$key]);
            }
            if (!$query->exists()) {
                return $tried;
            }
        }
        throw new DeliveryRejected('UNIQUE_VIOLATION', "no free value for $field of $definition->name among " . self::MAX_SUFFIX, $field);
    }

    /**
     * Records with these values that are no other entity's.
     *
     * @param array<string, mixed> $where
     * @return list<Model>
     */
    private function free(Definition $definition, array $where, string $entityId): array
    {
        $query = $definition->newModel()->newQueryWithoutScopes()->useWritePdo();
        foreach ($where as $column => $value) {
            $query->where($column, $value);
        }
        $found = $query->limit(20)->get()->all();
        $ids = array_map(static fn (Model $model): string => $definition->localId($model->getAttributes()), $found);
        $known = $found === [] ? [] : $this->inbox->ofRecords($found[0]->getConnection(), $definition->name, $ids);
        $free = [];
        foreach ($found as $place => $model) {
            $row = $known[$ids[$place]] ?? null;
            if ($row === null || $row->entityId === null || $row->entityId === $entityId || $row->isDeleted) {
                $free[] = $definition->bound($model);
            }
        }
        return $free;
    }
}

<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\Client\ReceivedDelivery;
use Cognate\V1\CollisionAction;
use Cognate\V1\ExistsAction;
use Cognate\WordPress\Kinds\Kind;
use Cognate\WordPress\Store\Inbox;

/** What a new record meets: one of this side that is the same by its natural key, and unique values that are taken. */
final class FirstContact
{
    private const MAX_SUFFIX = 1000;

    public function __construct(private readonly Inbox $inbox)
    {
    }

    /**
     * @param array<string, mixed> $values
     * @return string|null the record of this side that has the delivery's natural key
     * @throws Refused
     */
    public function match(Kind $kind, ReceivedDelivery $delivery, array $values): ?string
    {
        foreach ($delivery->naturalKeys as $fields) {
            $key = array_intersect_key($values, array_flip($fields));
            if ($key === [] || count($key) < count($fields) || in_array(null, $key, true) || in_array('', $key, true)) {
                continue;
            }
            $matches = $this->free($kind, $key, $delivery->entityId);
            if (count($matches) > 1) {
                throw Refused::conflict('AMBIGUOUS_MATCH', "the records {$matches[0]} and {$matches[1]} of {$kind->name()} have the same " . implode(', ', $fields) . '; change or remove one of them');
            }
            if ($matches !== []) {
                return $matches[0];
            }
        }
        return null;
    }

    /**
     * What the sync says of a match. False: it becomes the same record, and is not written.
     *
     * @throws Refused
     */
    public function isWritten(Kind $kind, ReceivedDelivery $delivery, string $localId): bool
    {
        return match ($delivery->ifExists) {
            ExistsAction::EXISTS_ACTION_ADOPT => false,
            ExistsAction::EXISTS_ACTION_SKIP => throw Refused::skipped('RECORD_EXISTS', "{$kind->name()} $localId has the same natural key and stays as it is"),
            ExistsAction::EXISTS_ACTION_ERROR => throw Refused::rejected('RECORD_EXISTS', "{$kind->name()} $localId has the same natural key; the sync says that this is an error"),
            default => true,
        };
    }

    /**
     * The new record steps aside.
     *
     * @param array<string, mixed> $values
     * @return array<string, mixed>
     */
    public function renamed(Kind $kind, ReceivedDelivery $delivery, array $values): array
    {
        foreach ([...$delivery->naturalKeys, ...$kind->uniques()] as $fields) {
            $field = end($fields);
            if (is_string($values[$field] ?? null)) {
                $values[$field] = $this->suffixed($kind, $field, $values[$field], null);
            }
        }
        return $values;
    }

    /**
     * Unique values that another record has, as the sync says.
     *
     * @param array<string, mixed> $values
     * @param string|null $localId the record's own, where it is here
     * @return array{array<string, mixed>, string|null} and a record that it becomes
     */
    public function withoutCollisions(Kind $kind, ReceivedDelivery $delivery, array $values, ?string $localId): array
    {
        $adopted = null;
        foreach ($delivery->collisions as $field => $action) {
            $value = $values[$field] ?? null;
            if (!is_string($value) || $value === '') {
                continue;
            }
            if ($action === CollisionAction::COLLISION_ACTION_ADOPT && $localId === null) {
                $free = $this->free($kind, [$field => $value], $delivery->entityId);
                $adopted ??= count($free) === 1 ? $free[0] : null;
            } elseif ($action === CollisionAction::COLLISION_ACTION_SUFFIX) {
                $has = $localId === null ? null : ($kind->read($localId)[$field] ?? null);
                // What was written once stays while the source says the same.
                $kept = is_string($has) && preg_match('/^' . preg_quote($value, '/') . '-\d+$/D', $has) === 1;
                $values[$field] = $kept ? $has : $this->suffixed($kind, $field, $value, $localId);
            }
        }
        return [$values, $adopted];
    }

    private function suffixed(Kind $kind, string $field, string $value, ?string $self): string
    {
        $length = $kind->fields()[$field]->maxLength;
        for ($number = 1; $number <= self::MAX_SUFFIX; $number++) {
            $suffix = $number === 1 ? '' : "-$number";
            $tried = $length > 0 ? mb_substr($value, 0, $length - strlen($suffix)) . $suffix : $value . $suffix;
            if (array_diff($kind->find([$field => $tried]), [(string) $self]) === []) {
                return $tried;
            }
        }
        throw Refused::rejected('UNIQUE_VIOLATION', "no free value for $field of {$kind->name()} among " . self::MAX_SUFFIX, $field);
    }

    /**
     * Those that are not another entity already.
     *
     * @param array<string, mixed> $key
     * @return list<string>
     */
    private function free(Kind $kind, array $key, string $entityId): array
    {
        return array_values(array_filter($kind->find($key), function (string $localId) use ($kind, $entityId): bool {
            $row = $this->inbox->ofRecord($kind->name(), $localId);
            return $row === null || $row->isDeleted || $row->entityId === null || $row->entityId === $entityId;
        }));
    }
}

<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\InvalidValue;
use Cognate\Client\Value\Reference;
use Cognate\V1\Delivery;
use Cognate\V1\DeliveryResult;
use Cognate\V1\Fields;
use Cognate\V1\Operation;
use Cognate\V1\OutcomeError;
use Cognate\V1\OutcomeStatus;
use Google\Protobuf\Duration;

/** One record that is due here, in this platform's words. Its answers are made by the methods below, and reported together. */
final class ReceivedDelivery
{
    /**
     * @param string $entityId a UUID, the same on every platform and for ever
     * @param string|null $localId this platform's own id; null if it has never said that it has the record
     * @param int $version what is here in this version or a newer one is not written again
     * @param array<array-key, mixed> $fields what to write; a field that is not there stays as it is. References are Reference
     * @param array<array-key, Reference> $references those of `$fields`
     * @param list<string> $keyFields
     * @param string|null $actingIdentity in whose name it is to be written
     * @param list<list<string>> $naturalKeys for a new record: fields by which it is found among this platform's own, in this order
     * @param int $ifExists one of ExistsAction: what is done with a match
     * @param array<string, int> $collisions one of CollisionAction for each field whose value may be taken already
     * @param list<string> $missingOnlyFields written only where there is nothing
     * @param bool $isIncomplete an optional reference is empty for now; a later delivery brings it
     * @param bool $keepsDeletes a record that was deleted here on purpose is not made anew: answer skipped, DELETED_ON_TARGET
     */
    private function __construct(
        public readonly Delivery $message,
        public readonly string $entityId,
        public readonly string $model,
        public readonly ?string $localId,
        public readonly int $version,
        public readonly bool $isDelete,
        public readonly array $fields,
        public readonly array $references,
        public readonly array $keyFields,
        public readonly ?string $actingIdentity,
        public readonly string $sourcePlatform,
        public readonly string $sourceModel,
        public readonly string $sourceLocalId,
        public readonly array $naturalKeys,
        public readonly int $ifExists,
        public readonly array $collisions,
        public readonly array $missingOnlyFields,
        public readonly bool $isIncomplete,
        public readonly bool $keepsDeletes,
        public readonly ?\DateTimeImmutable $captureTime,
    ) {
    }

    /** @throws InvalidValue where it cannot be read; answer it with `refusal()` */
    public static function of(Delivery $delivery): self
    {
        $fields = Values::fieldsFromProto($delivery->getFields());
        $source = $delivery->getSource();
        $captured = $delivery->getCaptureTime();
        return new self(
            $delivery,
            $delivery->getEntityId(),
            $delivery->getModel(),
            $delivery->getLocalId() === '' ? null : $delivery->getLocalId(),
            (int) $delivery->getVersion(),
            self::isDelete($delivery),
            $fields,
            array_filter($fields, static fn (mixed $value): bool => $value instanceof Reference),
            iterator_to_array($delivery->getKeyFields(), false),
            $delivery->getActingIdentity() === '' ? null : $delivery->getActingIdentity(),
            $source?->getPlatform() ?? '',
            $source?->getModel() ?? '',
            $source?->getLocalId() ?? '',
            self::naturalKeysOf($delivery),
            $delivery->getIfExists(),
            self::collisionsOf($delivery),
            iterator_to_array($delivery->getMissingOnlyFields(), false),
            $delivery->getIncomplete(),
            $delivery->getKeepsDeletes(),
            $captured === null ? null : Values::time($captured, 'capture_time'),
        );
    }

    private static function isDelete(Delivery $delivery): bool
    {
        return match ($delivery->getOperation()) {
            Operation::OPERATION_DELETE => true,
            Operation::OPERATION_CREATE, Operation::OPERATION_UPDATE => false,
            default => throw new InvalidValue("operation: got {$delivery->getOperation()}, which this version does not know"),
        };
    }

    /** @return list<list<string>> */
    private static function naturalKeysOf(Delivery $delivery): array
    {
        $keys = [];
        foreach ($delivery->getNaturalKeys() as $key) {
            $keys[] = iterator_to_array($key->getFields(), false);
        }
        return $keys;
    }

    /** @return array<string, int> */
    private static function collisionsOf(Delivery $delivery): array
    {
        $collisions = [];
        foreach ($delivery->getCollisions() as $collision) {
            $collisions[$collision->getField()] = $collision->getAction();
        }
        return $collisions;
    }

    /**
     * Written, or had already, or for a delete: the record is gone.
     *
     * @param string|int $localId this platform's own id of the record; needless for deletes
     * @param int|null $appliedVersion the version that is here, where that is a newer one
     * @param iterable<array-key, mixed>|null $written delivered fields in which something else is here, by name; none: all is as delivered
     */
    public function applied(string|int $localId = '', ?int $appliedVersion = null, ?iterable $written = null): DeliveryResult
    {
        if ((string) $localId === '' && !$this->isDelete) {
            throw new InvalidValue("applied: {$this->model} of version {$this->version} has no local id; want this platform's own id of it");
        }
        $result = self::answer($this->message, OutcomeStatus::OUTCOME_STATUS_APPLIED)->setLocalId((string) $localId);
        if ($written !== null) {
            $result->setWritten(new Fields(['fields' => Values::fieldsToProto($written)]));
        }
        return $appliedVersion === null ? $result : $result->setAppliedVersion($appliedVersion);
    }

    /** Done, and nothing written: `RECORD_EXISTS` or `DELETED_ON_TARGET`. */
    public function skipped(string $reason, string $message = ''): DeliveryResult
    {
        return self::answer($this->message, OutcomeStatus::OUTCOME_STATUS_SKIPPED, $reason, $message);
    }

    /** The same content will never be taken. */
    public function rejected(string $reason, string $message, string $field = ''): DeliveryResult
    {
        return self::answer($this->message, OutcomeStatus::OUTCOME_STATUS_REJECTED, $reason, $message, $field);
    }

    /** Not now: it comes again, after `$retryDelay` seconds where one is given. */
    public function failed(string $reason, string $message, ?float $retryDelay = null, string $field = ''): DeliveryResult
    {
        $result = self::answer($this->message, OutcomeStatus::OUTCOME_STATUS_FAILED, $reason, $message, $field);
        if ($retryDelay !== null) {
            $seconds = (int) floor(max(0.0, $retryDelay));
            $nanos = (int) round((max(0.0, $retryDelay) - $seconds) * 1e9);
            $result->getError()?->setRetryDelay(new Duration(['seconds' => $seconds, 'nanos' => min($nanos, 999_999_999)]));
        }
        return $result;
    }

    /**
     * The record was changed here, too: a person decides.
     *
     * @param iterable<array-key, mixed> $current the record as it is here
     */
    public function conflict(string $reason, string $message, iterable $current = []): DeliveryResult
    {
        return self::answer($this->message, OutcomeStatus::OUTCOME_STATUS_CONFLICT, $reason, $message)
            ->setCurrent(Values::fieldsToProto($current));
    }

    /** The acting identity has no live session here. */
    public function unauthenticated(string $reason, string $message): DeliveryResult
    {
        return self::answer($this->message, OutcomeStatus::OUTCOME_STATUS_UNAUTHENTICATED, $reason, $message);
    }

    /** The answer to a delivery that cannot be read. */
    public static function refusal(Delivery $delivery, InvalidValue $why): DeliveryResult
    {
        return self::answer($delivery, OutcomeStatus::OUTCOME_STATUS_REJECTED, 'MALFORMED_DELIVERY', $why->getMessage());
    }

    private static function answer(
        Delivery $delivery,
        int $status,
        string $reason = '',
        string $message = '',
        string $field = '',
    ): DeliveryResult {
        $result = new DeliveryResult([
            'entity_id' => $delivery->getEntityId(),
            'model' => $delivery->getModel(),
            'version' => $delivery->getVersion(),
            'operation' => $delivery->getOperation(),
            'status' => $status,
        ]);
        if ($reason !== '' || $message !== '') {
            $result->setError(new OutcomeError(['reason' => $reason, 'message' => $message, 'field' => $field]));
        }
        return $result;
    }
}

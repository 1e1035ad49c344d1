<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\Client\ChangeBatch;
use Cognate\Client\Exception\InvalidArgument;
use Cognate\Client\Exception\InvalidValue;
use Cognate\Client\Exception\ResourceExhausted;
use Cognate\V1\Change;
use Cognate\V1\Field as FieldMessage;
use Cognate\V1\Operation;
use Cognate\WordPress\Files\Fetcher;
use Cognate\WordPress\Files\Uploader;
use Cognate\WordPress\Kinds\Field;
use Cognate\WordPress\Kinds\Kinds;
use Cognate\WordPress\Store\Inbox;
use Cognate\WordPress\Store\Outbox;
use Cognate\WordPress\Store\OutboxRow;

/** Sends the records that have changed, as they are now, the oldest first. What is as it was last sent or delivered is not sent. */
final class Sender
{
    private const BATCH = 100;
    private const MAX_BYTES = 2_000_000;

    public function __construct(
        private readonly Hub $hub,
        private readonly Outbox $outbox,
        private readonly Inbox $inbox,
        private readonly Kinds $kinds,
        private readonly Uploader $uploader,
        private readonly Caches $caches,
    ) {
    }

    /** @return int how many rows are settled: sent, refused, or nothing to say */
    public function send(): int
    {
        $this->caches->forget();
        $settled = 0;
        $batch = [];
        $bytes = 0;
        $rows = $this->outbox->oldest(self::BATCH);
        foreach ($rows as $row) {
            try {
                $prepared = $this->prepare($row);
            } catch (InvalidValue $error) {
                $this->outbox->refuse($row, 'UNREADABLE_RECORD: ' . $error->getMessage());
                $settled++;
                continue;
            }
            if ($prepared === null) {
                $this->outbox->remove($row);
                $settled++;
                continue;
            }
            $size = strlen($prepared->change->serializeToString());
            if ($batch !== [] && $bytes + $size > self::MAX_BYTES) {
                break;
            }
            $batch[] = $prepared;
            $bytes += $size;
        }
        return $settled + ($batch === [] ? 0 : $this->sendAll($batch));
    }

    /** Of a record that others have as it is, or that never left and is gone, nothing is said. */
    private function prepare(OutboxRow $row): ?Prepared
    {
        $kind = $this->kinds->named($row->model);
        if ($kind === null) {
            return null;
        }
        $values = $kind->read($row->localId);
        $known = $this->inbox->ofRecord($row->model, $row->localId);
        $isKnown = $known !== null && !$known->isDeleted;
        $isThere = $isKnown || $known?->isNewerAtHub() === true;
        $base = $values === null ? [] : array_map(Field::fingerprint(...), $values);
        if ($values === null ? !$isThere : ($isKnown && $known->isAsBefore($base))) {
            return null;
        }
        $operation = match (true) {
            $values === null => Operation::OPERATION_DELETE,
            $isKnown => Operation::OPERATION_UPDATE,
            default => Operation::OPERATION_CREATE,
        };
        // Of the token and the content: sent twice it counts once, and a record that has changed in between is another change.
        $changeId = substr(hash('sha256', "$row->token $operation " . implode(' ', $base)), 0, 40);
        $micros = $row->sourceMicros;
        $time = new \DateTimeImmutable(sprintf('@%d.%06d', intdiv($micros, 1_000_000), $micros % 1_000_000));
        $change = ChangeBatch::change($operation, $row->model, $row->localId, [], $changeId, $time);
        $fields = [];
        foreach ($values ?? [] as $name => $value) {
            $fields[] = new FieldMessage(['name' => $name, 'value' => $kind->fields()[$name]->toProto($value)]);
        }
        $change->setFields($fields);
        return new Prepared($row, $change, $values ?? [], $base, $operation === Operation::OPERATION_DELETE, !$isKnown);
    }

    /** @param non-empty-list<Prepared> $batch */
    private function sendAll(array $batch): int
    {
        $this->uploader->ensure(array_merge(...array_map(static fn (Prepared $one): array => $one->files(), $batch)), Fetcher::slice(static fn (): bool => true));
        try {
            $answers = $this->hub->capture(array_map(static fn (Prepared $one): Change => $one->change, $batch));
        } catch (InvalidArgument | ResourceExhausted $error) {
            if (!self::isOfChanges($error)) {
                throw $error;
            }
            // One of them makes the request unreadable, or all together make it too large: halves, until it is found.
            if (count($batch) > 1) {
                $half = intdiv(count($batch), 2);
                return $this->sendAll(array_slice($batch, 0, $half)) + $this->sendAll(array_slice($batch, $half));
            }
            $this->outbox->refuse($batch[0]->row, "$error->reason: {$error->getMessage()}");
            return 1;
        }
        foreach ($batch as $place => $one) {
            $answer = $answers[$place];
            if (!$answer->isAccepted()) {
                $this->outbox->refuse($one->row, "$answer->reason: $answer->message");
                continue;
            }
            $this->inbox->sent($one->row->model, $one->row->localId, $answer->version, $one->base, $one->isDelete, $one->isNew);
            $this->outbox->remove($one->row);
        }
        return count($batch);
    }

    /** Not what is wrong with the request as a whole, or passes. */
    private static function isOfChanges(InvalidArgument|ResourceExhausted $error): bool
    {
        if ($error instanceof ResourceExhausted) {
            return $error->retryDelay === null && in_array($error->reason, ['BODY_TOO_LARGE', 'REQUEST_TOO_LARGE'], true);
        }
        $fields = array_column($error->fieldViolations, 'field');
        return $fields === [] || array_filter($fields, static fn (string $field): bool => str_starts_with($field, 'changes')) !== [];
    }
}

<?php

declare(strict_types=1);

namespace Cognate\Client;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\InvalidValue;
use Cognate\Client\Exception\StatusCode;
use Cognate\V1\CaptureRequest;
use Cognate\V1\CaptureResponse;
use Cognate\V1\Change;
use Cognate\V1\Operation;

/**
 * Changes of one platform on their way to the change log, in the order in which they happened.
 *
 * Each change has an id by which it counts once, however often it is sent: keep the batch, or the ids, until it was acknowledged, and send
 * it again after any doubt.
 */
final class ChangeBatch implements \Countable
{
    /** The most that one call takes. */
    public const MAX_CHANGES = 10_000;
    private const MAX_ID_BYTES = 128;
    private const MAX_LOCAL_ID_BYTES = 512;

    /** @var list<Change> */
    private array $changes = [];

    /** @param string $platform the platform's id, such as `till` */
    public function __construct(public readonly string $platform)
    {
        if ($platform === '') {
            throw new InvalidValue('platform: got none, want the id of a platform');
        }
    }

    /**
     * @param iterable<array-key, mixed> $fields the record's full state, by the platform's own names
     * @param \DateTimeInterface|null $time when it happened, by this machine's clock
     * @return string the change's id
     * @throws InvalidValue
     */
    public function create(
        string $model,
        string|int $localId,
        iterable $fields,
        ?string $changeId = null,
        ?\DateTimeInterface $time = null,
    ): string {
        return $this->add(self::change(Operation::OPERATION_CREATE, $model, $localId, $fields, $changeId, $time));
    }

    /**
     * @param iterable<array-key, mixed> $fields the record's full state
     * @return string the change's id
     * @throws InvalidValue
     */
    public function update(
        string $model,
        string|int $localId,
        iterable $fields,
        ?string $changeId = null,
        ?\DateTimeInterface $time = null,
    ): string {
        return $this->add(self::change(Operation::OPERATION_UPDATE, $model, $localId, $fields, $changeId, $time));
    }

    /**
     * @param iterable<array-key, mixed> $fields its last known state, if there is one
     * @return string the change's id
     * @throws InvalidValue
     */
    public function delete(
        string $model,
        string|int $localId,
        iterable $fields = [],
        ?string $changeId = null,
        ?\DateTimeInterface $time = null,
    ): string {
        return $this->add(self::change(Operation::OPERATION_DELETE, $model, $localId, $fields, $changeId, $time));
    }

    /**
     * One change as a message, for whoever keeps changes before they are sent: `serializeToString()` and `mergeFromString()` keep all of it.
     *
     * @param int $operation one of Operation
     * @param iterable<array-key, mixed> $fields
     * @throws InvalidValue
     */
    public static function change(
        int $operation,
        string $model,
        string|int $localId,
        iterable $fields = [],
        ?string $changeId = null,
        ?\DateTimeInterface $time = null,
    ): Change {
        $localId = (string) $localId;
        self::checkText('model', $model, 1, 1000);
        self::checkText('local id', $localId, 1, self::MAX_LOCAL_ID_BYTES);
        $changeId ??= self::newId();
        self::checkText('change id', $changeId, 1, self::MAX_ID_BYTES);
        $change = new Change([
            'change_id' => $changeId,
            'model' => $model,
            'local_id' => $localId,
            'operation' => $operation,
            'fields' => Values::fieldsToProto($fields),
        ]);
        if ($time !== null) {
            $change->setSourceTime(Values::timestamp($time));
        }
        return $change;
    }

    /** @return string the change's id */
    public function add(Change $change): string
    {
        if (count($this->changes) >= self::MAX_CHANGES) {
            throw new InvalidValue('A batch has at most ' . self::MAX_CHANGES . ' changes; send this one, and begin another');
        }
        $this->changes[] = $change;
        return $change->getChangeId();
    }

    public function count(): int
    {
        return count($this->changes);
    }

    /** @return list<Change> */
    public function changes(): array
    {
        return $this->changes;
    }

    /** The request, with what time it is now by this machine's clock. */
    public function request(Clock $clock = new SystemClock()): CaptureRequest
    {
        return new CaptureRequest([
            'platform' => $this->platform,
            'changes' => $this->changes,
            'sent_time' => Values::timestamp($clock->now()),
        ]);
    }

    /**
     * Sends all of it. The answer means: what was accepted is committed. A change that is wrong is refused alone.
     *
     * @return list<CapturedChange> one for each change, in order
     * @throws CognateException with nothing known to be taken: send the same batch again
     */
    public function sendTo(Cognate $cognate, ?CallOptions $options = null): array
    {
        if ($this->changes === []) {
            return [];
        }
        $clock = $cognate->clock();
        $request = $this->request($clock);
        // The hub measures this machine's clock by it, so an attempt after a wait must not show the time of the first.
        $options = ($options ?? new CallOptions())->withBeforeAttempt(
            static fn () => $request->setSentTime(Values::timestamp($clock->now()))
        );
        return $this->read($cognate->capture()->capture($request, $options));
    }

    /** @return list<CapturedChange> */
    private function read(CaptureResponse $response): array
    {
        $captured = [];
        foreach ($response->getResults() as $result) {
            $captured[] = CapturedChange::of($result);
        }
        foreach ($this->changes as $index => $change) {
            if (!isset($captured[$index]) || $captured[$index]->changeId !== $change->getChangeId()) {
                throw CognateException::of(
                    StatusCode::INTERNAL,
                    'Capture: the answer is not about the changes that were sent; send them again',
                    'BAD_ANSWER'
                );
            }
        }
        return array_slice($captured, 0, count($this->changes));
    }

    private static function checkText(string $what, string $text, int $least, int $most): void
    {
        $size = strlen($text);
        if ($size < $least || $size > $most || preg_match('//u', $text) !== 1) {
            throw new InvalidValue("$what: got $size bytes, want $least to $most bytes of UTF-8");
        }
    }

    /** A UUIDv7: ids of one process lie near each other in the log's index. */
    private static function newId(): string
    {
        $millis = (int) (microtime(true) * 1000);
        $bytes = substr(pack('J', $millis), 2) . random_bytes(10);
        $bytes[6] = chr(0x70 | (ord($bytes[6]) & 0x0f));
        $bytes[8] = chr(0x80 | (ord($bytes[8]) & 0x3f));
        return implode('-', sscanf(bin2hex($bytes), '%8s%4s%4s%4s%12s') ?? []);
    }
}

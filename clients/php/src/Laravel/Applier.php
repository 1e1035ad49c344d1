<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Cognate\Laravel\Exceptions\DeliveryRefused;
use Cognate\Laravel\Files\FileResolvers;
use Cognate\V1\Delivery;
use Cognate\V1\DeliveryResult;
use Cognate\V1\Field;
use Cognate\V1\Fields;
use Cognate\V1\OutcomeError;
use Cognate\V1\OutcomeStatus;
use Google\Protobuf\Duration;
use Illuminate\Contracts\Events\Dispatcher;
use Illuminate\Database\Connection;

/**
 * Writes deliveries, several in one transaction, with their rows of the inbox. Where one of them cannot be written they are done again
 * one by one: it is answered for itself, and the others go on.
 */
final class Applier
{
    /** SQLite has one writer: the application's own saves wait for the end of a transaction. Others lock rows alone. */
    private const SQLITE_DELIVERIES = 10;
    /** Elsewhere as many as are written in a fifth of a second: whoever edits one of these records waits for so long. */
    private const LEAST_DELIVERIES = 10;
    private const MOST_DELIVERIES = 200;
    private const SECONDS = 0.2;
    private int $deliveries = 50;

    public function __construct(
        private readonly Definitions $definitions,
        private readonly RecordWriter $writer,
        private readonly Records $records,
        private readonly FieldValues $values,
        private readonly FileResolvers $files,
        private readonly Inbox $inbox,
        private readonly Outbox $outbox,
        private readonly Options $options,
        private readonly ErrorReport $errors,
        private readonly Dispatcher $events,
    ) {
    }

    /**
     * @param list<Delivery> $deliveries in the order in which they came
     * @param (Closure(): bool)|null $mayGoOn asked before each transaction
     * @return list<DeliveryResult> one for each, or for the first few
     */
    public function apply(array $deliveries, ?Closure $mayGoOn = null): array
    {
        $mayGoOn ??= static fn (): bool => true;
        $results = [];
        while ($deliveries !== [] && $mayGoOn()) {
            $definition = $this->definitions->named($deliveries[0]->getModel());
            if ($definition === null) {
                $results[] = $this->unknown(array_shift($deliveries));
                continue;
            }
            $connection = $definition->connection();
            assert($connection instanceof Connection);
            $began = microtime(true);
            try {
                [$written, $told] = $this->inOneTransaction($connection, $deliveries, false);
                $this->adjust(count($written), microtime(true) - $began);
            } catch (\Throwable) {
                // The transaction is gone with all that was in it.
                $this->adjust($this->deliveries, self::SECONDS * 2);
                [$written, $told] = $this->oneByOne($connection, $deliveries, $mayGoOn);
            }
            $deliveries = array_slice($deliveries, count($written));
            array_push($results, ...$written);
            $this->tell($told);
        }
        return $results;
    }

    /**
     * @param list<Delivery> $deliveries
     * @return array{list<DeliveryResult>, list<object>} results of the first few, and events
     */
    private function inOneTransaction(Connection $connection, array $deliveries, bool $careful): array
    {
        $some = $this->first($connection, $deliveries, $careful ? 1 : $this->size($connection));
        return YieldingTransaction::run($connection, function () use ($connection, $some): array {
            $this->inbox->lock($connection);
            $known = new Known($connection, $this->inbox, $this->outbox, $this->records);
            $known->ask($some);
            $results = $told = $delivered = [];
            foreach ($some as $place => [$definition, $delivery]) {
                [$results[$place], $events, $delivered[$place]] = $this->one($connection, $definition, $delivery, $known);
                array_push($told, ...$events);
            }
            $known->remember();
            foreach ($some as $place => [$definition, $delivery]) {
                $row = $delivered[$place] === null ? null : $known->written($definition, $results[$place]->getLocalId());
                if ($row !== null) {
                    $results[$place]->setWritten((new Fields())->setFields($this->instead($definition, $delivery, $delivered[$place], $row)));
                }
            }
            return [$results, $told];
        });
    }

    /**
     * The first deliveries of one connection; none twice of the same record, as each is asked for before the first is written.
     *
     * @param list<Delivery> $deliveries
     * @return list<array{Definition, Delivery}>
     */
    private function first(Connection $connection, array $deliveries, int $size): array
    {
        $some = $seen = [];
        foreach (array_slice($deliveries, 0, $size) as $delivery) {
            $definition = $this->definitions->named($delivery->getModel());
            $names = ["$definition?->name e {$delivery->getEntityId()}", "$definition?->name l " . ($delivery->getLocalId() !== '' ? $delivery->getLocalId() : $delivery->getEntityId())];
            if ($definition === null || $definition->connection() !== $connection || isset($seen[$names[0]]) || isset($seen[$names[1]])) {
                break;
            }
            $seen += array_fill_keys($names, true);
            $some[] = [$definition, $delivery];
        }
        return $some;
    }

    private function size(Connection $connection): int
    {
        return $this->options->transaction ?? ($connection->getDriverName() === 'sqlite' ? self::SQLITE_DELIVERIES : $this->deliveries);
    }

    private function adjust(int $written, float $seconds): void
    {
        if ($seconds > self::SECONDS) {
            $this->deliveries = max(self::LEAST_DELIVERIES, intdiv($this->deliveries, 2));
        } elseif ($written >= $this->deliveries && $seconds < self::SECONDS / 2) {
            $this->deliveries = min(self::MOST_DELIVERIES, $this->deliveries * 2);
        }
    }

    /**
     * The delivered fields in which the record has something else than was delivered.
     *
     * @param array<string, mixed> $delivered
     * @param array<string, mixed> $row
     * @return list<Field>
     */
    private function instead(Definition $definition, Delivery $delivery, array $delivered, array $row): array
    {
        $fields = [];
        $columns = array_intersect_key($this->records->columns($definition), $delivered, $row);
        foreach ($delivery->getFields() as $field) {
            $name = $field->getName();
            if (!isset($columns[$name]) || isset($this->files->beside($definition)[$name])) {
                continue;
            }
            $has = $this->values->toValue($row[$name], $columns[$name]);
            // A column may keep less of a time than there was; what was delivered, raw, is cut already.
            $isCut = $has->hasTimestampValue() && $field->getValue()?->hasTimestampValue()
                && FieldValues::time($has->getTimestampValue()) != FieldValues::time($field->getValue()->getTimestampValue());
            if ($isCut || !$this->values->isSame($delivered[$name], $row[$name], $columns[$name])) {
                $fields[] = (new Field())->setName($name)->setValue($has);
            }
        }
        return $fields;
    }

    /** @return array{DeliveryResult, list<object>, array<string, mixed>|null} also what was delivered, raw, where it was written now */
    private function one(Connection $connection, Definition $definition, Delivery $delivery, Known $known): array
    {
        try {
            $outcome = $this->writer->write($connection, $definition, $delivery, $known);
        } catch (DeliveryRefused $error) {
            // Refused before anything was written: no need to undo anything.
            if ($this->writer->hasBegun) {
                throw $error;
            }
            return [...$this->refused($definition, $delivery, $error), null];
        }
        $result = $this->result($delivery, OutcomeStatus::OUTCOME_STATUS_APPLIED)->setLocalId($outcome->localId);
        if ($outcome->version > $delivery->getVersion()) {
            $result->setAppliedVersion($outcome->version);
        }
        return [$result, $outcome->events, $outcome->delivered];
    }

    /**
     * Each in a transaction of its own, so that the one that cannot be written undoes nothing but itself.
     *
     * @param list<Delivery> $deliveries
     * @return array{list<DeliveryResult>, list<object>}
     */
    private function oneByOne(Connection $connection, array $deliveries, Closure $mayGoOn): array
    {
        $results = $told = [];
        foreach ($this->first($connection, $deliveries, $this->size($connection)) as [$definition, $delivery]) {
            if ($results !== [] && !$mayGoOn()) {
                break;
            }
            try {
                [$written, $events] = $this->inOneTransaction($connection, [$delivery], true);
            } catch (\Throwable $error) {
                [$refused, $events] = $this->refused($definition, $delivery, $error);
                $written = [$refused];
            }
            array_push($results, ...$written);
            array_push($told, ...$events);
        }
        return [$results, $told];
    }

    /** @return array{DeliveryResult, list<object>} */
    private function refused(Definition $definition, Delivery $delivery, \Throwable $error): array
    {
        [$status, $refused] = Refusals::of($error, $this->records->table($definition));
        if ($status === OutcomeStatus::OUTCOME_STATUS_FAILED) {
            $this->errors->tell("{$definition->name} of entity {$delivery->getEntityId()} was not written", $error);
        }
        $why = (new OutcomeError())->setReason($refused->reason)->setMessage($refused->getMessage())->setField($refused->field);
        if ($refused->retryDelay !== null) {
            $seconds = (int) $refused->retryDelay;
            $why->setRetryDelay((new Duration())->setSeconds($seconds)->setNanos((int) (($refused->retryDelay - $seconds) * 1e9)));
        }
        $result = $this->result($delivery, $status)->setError($why);
        return [$result, [new Events\RecordRefused($definition->name, $delivery->getEntityId(), $delivery->getLocalId(), $delivery->getVersion(), OutcomeStatus::name($status), $refused->reason, $refused->getMessage())]];
    }

    private function unknown(Delivery $delivery): DeliveryResult
    {
        $why = (new OutcomeError())->setReason('MODEL_NOT_SYNCED')
            ->setMessage("this application does not let {$delivery->getModel()} be written; add its class to `models` in config/cognate.php");
        return $this->result($delivery, OutcomeStatus::OUTCOME_STATUS_REJECTED)->setError($why);
    }

    private function result(Delivery $delivery, int $status): DeliveryResult
    {
        return (new DeliveryResult())->setEntityId($delivery->getEntityId())->setModel($delivery->getModel())->setVersion($delivery->getVersion())
            ->setOperation($delivery->getOperation())->setStatus($status);
    }

    /** @param list<object> $events after their commit: a listener's failure takes nothing back */
    private function tell(array $events): void
    {
        foreach ($events as $event) {
            try {
                $this->events->dispatch($event);
            } catch (\Throwable $error) {
                $this->errors->tell('a listener of ' . get_class($event) . ' failed', $error);
            }
        }
    }
}

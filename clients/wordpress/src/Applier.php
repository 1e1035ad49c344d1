<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\Client\ReceivedDelivery;
use Cognate\V1\DeliveryResult;
use Cognate\V1\Field as FieldMessage;
use Cognate\V1\Fields;
use Cognate\V1\OutcomeStatus;
use Cognate\WordPress\Kinds\Kind;
use Cognate\WordPress\Kinds\Kinds;
use Cognate\WordPress\Store\DatabaseFailed;
use Cognate\WordPress\Store\Transaction;

/** Writes deliveries, each in one transaction with its row of the inbox, and answers for each. */
final class Applier
{
    private const ATTEMPTS = 3;

    public function __construct(
        private readonly Kinds $kinds,
        private readonly RecordWriter $writer,
        private readonly Capture $capture,
        private readonly Transaction $transaction,
        private readonly Actor $actor,
        private readonly Caches $caches,
    ) {
    }

    public function apply(ReceivedDelivery $delivery): DeliveryResult
    {
        $kind = $this->kinds->named($delivery->model);
        if ($kind === null) {
            return $delivery->rejected('MODEL_NOT_SYNCED', "this site does not let $delivery->model be written; choose it under Settings > Cognate");
        }
        for ($attempt = 1;; $attempt++) {
            try {
                $written = $this->once($kind, $delivery);
                break;
            } catch (Refused $refused) {
                return self::refusal($delivery, $refused);
            } catch (\Throwable $error) {
                // Somebody edits the same rows, and one of the two had to give way.
                if ($error instanceof DatabaseFailed && $attempt < self::ATTEMPTS && preg_match('/deadlock|lock wait/i', $error->getMessage()) === 1) {
                    continue;
                }
                error_log("cognate: $delivery->model of entity $delivery->entityId was not written: " . $error->getMessage());
                return $delivery->failed($error instanceof DatabaseFailed ? 'DATABASE_FAILED' : 'SITE_FAILED', 'writing it failed with ' . get_class($error) . '; the error log of the site has more');
            }
        }
        $this->finish($kind, $written);
        return self::result($kind, $delivery, $written);
    }

    private function once(Kind $kind, ReceivedDelivery $delivery): Written
    {
        $this->caches->forget();
        // Pings and enclosures were the business of the site where it was published.
        $pings = has_action('publish_post', '_publish_post_hook');
        $pings === false || remove_action('publish_post', '_publish_post_hook', $pings);
        try {
            return $this->transaction->run(fn (): Written => $this->actor->as($delivery->actingIdentity, fn (): Written => $this->writer->write($kind, $delivery)));
        } catch (\Throwable $error) {
            $this->capture->forget();
            $this->caches->afterRollback();
            throw $error;
        } finally {
            $pings === false || add_action('publish_post', '_publish_post_hook', $pings, 1);
        }
    }

    /** After the commit; what fails here, or is cut off, is done by the next worker. */
    private function finish(Kind $kind, Written $written): void
    {
        try {
            $written->localId === '' || $this->capture->without($kind->name(), $written->localId, static fn () => $kind->finish($written->localId));
        } catch (\Throwable $error) {
            error_log("cognate: {$kind->name()} $written->localId is written, and not finished: " . $error->getMessage());
        }
        $this->capture->release();
    }

    private static function result(Kind $kind, ReceivedDelivery $delivery, Written $written): DeliveryResult
    {
        $result = $delivery->applied($written->localId, $written->version > $delivery->version ? $written->version : null);
        // Where it all could have been otherwise the hub wants to know that it is not.
        $isAsked = $delivery->naturalKeys !== [] || $delivery->collisions !== [] || $delivery->missingOnlyFields !== [];
        if ($written->otherwise !== null && ($isAsked || $written->otherwise !== [])) {
            $fields = [];
            foreach ($written->otherwise as $name => $value) {
                $fields[] = new FieldMessage(['name' => $name, 'value' => $kind->fields()[$name]->toProto($value)]);
            }
            $result->setWritten(new Fields(['fields' => $fields]));
        }
        return $result;
    }

    private static function refusal(ReceivedDelivery $delivery, Refused $refused): DeliveryResult
    {
        return match ($refused->status) {
            OutcomeStatus::OUTCOME_STATUS_REJECTED => $delivery->rejected($refused->reason, $refused->getMessage(), $refused->field),
            OutcomeStatus::OUTCOME_STATUS_SKIPPED => $delivery->skipped($refused->reason, $refused->getMessage()),
            OutcomeStatus::OUTCOME_STATUS_CONFLICT => $delivery->conflict($refused->reason, $refused->getMessage()),
            OutcomeStatus::OUTCOME_STATUS_UNAUTHENTICATED => $delivery->unauthenticated($refused->reason, $refused->getMessage()),
            default => $delivery->failed($refused->reason, $refused->getMessage(), null, $refused->field),
        };
    }
}

<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\Client\ReceivedDelivery;
use Cognate\V1\ExistsAction;
use Cognate\V1\FieldType;
use Cognate\WordPress\Files\LocalFile;
use Cognate\WordPress\Kinds\Field;
use Cognate\WordPress\Kinds\Kind;
use Cognate\WordPress\Store\Inbox;
use Cognate\WordPress\Store\InboxRow;
use Cognate\WordPress\Store\Outbox;

/** Writes one delivery, within the transaction of its caller. */
final class RecordWriter
{
    public function __construct(
        private readonly Inbox $inbox,
        private readonly Outbox $outbox,
        private readonly FirstContact $contact,
        private readonly Capture $capture,
    ) {
    }

    /** @throws Refused */
    public function write(Kind $kind, ReceivedDelivery $delivery): Written
    {
        $known = $this->inbox->ofEntity($delivery->model, $delivery->entityId);
        $localId = $delivery->localId ?? (string) $known?->localId;
        $exists = $localId !== '' && $kind->lock($localId);
        if (!$exists && $known !== null && $known->localId !== $localId) {
            $localId = $known->localId;
            $exists = $kind->lock($localId);
        }
        // A record that was only sent so far has its newest version under its local id.
        $named = $localId === '' ? $known : ($this->inbox->ofRecord($delivery->model, $localId) ?? $known);
        $version = max((int) $known?->version, (int) $named?->version);
        if ($delivery->isDelete) {
            // What was deleted on one platform is gone on all, also where it was edited meanwhile; but not where it was made anew.
            return $named !== null && $named->floor >= $delivery->version
                ? new Written('', max($version, $delivery->version))
                : $this->delete($kind, $delivery, $localId, $exists, $named);
        }
        return $named !== null && $version >= $delivery->version
            ? $this->past($kind, $delivery, $named, $version)
            : $this->put($kind, $delivery, $localId, $exists, $named);
    }

    /** This version, or a newer one, is here already. */
    private function past(Kind $kind, ReceivedDelivery $delivery, InboxRow $row, int $version): Written
    {
        if ($row->isDeleted || $kind->read($row->localId) === null) {
            throw Refused::skipped('DELETED_ON_TARGET', "{$kind->name()} $row->localId was deleted here after that");
        }
        if ($row->entityId !== $delivery->entityId) {
            $this->inbox->applied($kind->name(), $delivery->entityId, $row->localId, $version, $row->base, false, null);
        }
        return new Written($row->localId, $version);
    }

    private function delete(Kind $kind, ReceivedDelivery $delivery, string $localId, bool $exists, ?InboxRow $known): Written
    {
        if ($exists) {
            // An edit of here goes with it. The hub has it, or may have it, and would take it for a record that was made anew: it hears that
            // this is gone, too.
            $isNewerAtHub = $known !== null && !$known->isDeleted && $known->version > $delivery->version;
            if ($isNewerAtHub || $this->outbox->of($kind->name(), $localId) !== null) {
                $this->outbox->mark($kind->name(), $localId);
            }
            // Posts of a user who goes get no author here: that is none of anybody's edits.
            $this->capture->off(static fn () => $kind->delete($localId));
        }
        if ($localId !== '') {
            $this->inbox->applied($kind->name(), $delivery->entityId, $localId, $delivery->version, [], true, self::source($delivery));
        }
        return new Written('', $delivery->version);
    }

    private function put(Kind $kind, ReceivedDelivery $delivery, string $localId, bool $exists, ?InboxRow $known): Written
    {
        $current = $exists ? $kind->read($localId) : null;
        $deletedByDelivery = $known !== null && $known->isDeletedByDelivery;
        if ($localId !== '' && $current === null && !$deletedByDelivery) {
            if ($this->outbox->of($kind->name(), $localId) !== null) {
                throw Refused::skipped('DELETED_ON_TARGET', "{$kind->name()} $localId was deleted here; the delete is on its way");
            }
            if ($delivery->keepsDeletes) {
                throw Refused::skipped('DELETED_ON_TARGET', "{$kind->name()} $localId was deleted here and is not made anew");
            }
        }
        if (!$exists && $delivery->localId === null && $localId === '') {
            // What lies in the trash because of a delete of elsewhere comes back under another entity; here it is the same record.
            $former = $this->inbox->deletedBy($kind->name(), self::source($delivery));
            if ($former !== null && $kind->lock($former->localId)) {
                [$localId, $exists] = [$former->localId, true];
            }
        }
        $values = self::values($kind, $delivery);
        if (!$exists) {
            $match = $this->contact->match($kind, $delivery, $values);
            if ($match !== null && $delivery->ifExists === ExistsAction::EXISTS_ACTION_RENAME) {
                $values = $this->contact->renamed($kind, $delivery, $values);
            } elseif ($match !== null) {
                [$localId, $exists] = [$match, $kind->lock($match)];
                $current = $kind->read($localId);
                $known = $this->inbox->ofRecord($kind->name(), $localId);
                if ($known !== null && $known->version >= $delivery->version) {
                    // Both sides had it and have told the hub: the newer of the two versions stays on both.
                    return $this->past($kind, $delivery, $known, $known->version);
                }
                if (!$this->contact->isWritten($kind, $delivery, $localId)) {
                    return $this->done($kind, $delivery, $localId, [], [], $known);
                }
            }
        }
        [$values, $adopted] = $this->contact->withoutCollisions($kind, $delivery, $values, $exists ? $localId : null);
        if (!$exists && $adopted !== null) {
            [$localId, $exists] = [$adopted, $kind->lock($adopted)];
            $current = $kind->read($localId);
            $known = $this->inbox->ofRecord($kind->name(), $localId);
        }
        foreach ($current === null ? [] : $delivery->missingOnlyFields as $field) {
            if (!in_array($current[$field] ?? null, [null, '', [], '[]', '{}'], true)) {
                unset($values[$field]);
            }
        }
        $edited = $current === null ? [] : $this->edited($kind, $localId, $current, $known);
        $values = array_diff_key($values, $edited);
        $changed = $current === null ? $values : array_filter($values, static fn (mixed $value, string $name): bool => !self::isSame($kind->fields()[$name], $value, $current[$name] ?? null), ARRAY_FILTER_USE_BOTH);
        if (!$exists) {
            $localId = $this->capture->withoutNew($kind->name(), static fn (): string => $kind->write(null, $changed));
        } elseif ($changed !== [] || $current === null) {
            $this->capture->without($kind->name(), $localId, static fn (): string => $kind->write($localId, $changed));
        }
        return $this->done($kind, $delivery, $localId, $values, $edited, $known);
    }

    /**
     * Fields that were changed here since the hub was told. They stay, and go out as the record's next version.
     *
     * @param array<string, mixed> $current
     * @return array<string, string> their fingerprints of before
     */
    private function edited(Kind $kind, string $localId, array $current, ?InboxRow $known): array
    {
        if ($known === null || $this->outbox->of($kind->name(), $localId) === null) {
            return [];
        }
        $edited = [];
        foreach ($known->base as $name => $fingerprint) {
            if (array_key_exists($name, $current) && Field::fingerprint($current[$name]) !== $fingerprint) {
                $edited[$name] = $fingerprint;
            }
        }
        return $edited;
    }

    /**
     * @param array<string, mixed> $values what was delivered, and was to be written
     * @param array<string, string> $edited
     */
    private function done(Kind $kind, ReceivedDelivery $delivery, string $localId, array $values, array $edited, ?InboxRow $known): Written
    {
        $now = $kind->read($localId);
        $otherwise = [];
        foreach ($now === null ? [] : $values as $name => $value) {
            if (!self::isSame($kind->fields()[$name], $value, $now[$name] ?? null)) {
                $otherwise[$name] = $now[$name] ?? null;
            }
        }
        // What was left empty for now comes again under the same version.
        $version = $delivery->version - ($delivery->isIncomplete ? 1 : 0);
        $base = $edited + array_map(Field::fingerprint(...), $now ?? []);
        $this->inbox->applied($kind->name(), $delivery->entityId, $localId, $version, $base, false, null);
        // An edit of here that stays is not what became of the delivery: the hub gets it as an edit.
        return new Written($localId, $delivery->version, $edited === [] && $now !== null ? $otherwise : null);
    }

    /**
     * @return array<string, mixed>
     * @throws Refused
     */
    private static function values(Kind $kind, ReceivedDelivery $delivery): array
    {
        $values = [];
        foreach ($delivery->fields as $name => $value) {
            $field = $kind->fields()[$name] ?? null;
            if ($field === null || $field->isGenerated) {
                throw Refused::rejected('FIELD_NOT_SYNCED', "{$kind->name()} does not let $name be written; take it out of the sync, or declare it under Settings > Cognate", (string) $name);
            }
            $values[$name] = $field->fromDelivery($value);
        }
        return $values;
    }

    private static function isSame(Field $field, mixed $delivered, mixed $here): bool
    {
        if ($here instanceof LocalFile) {
            return $delivered === $here->path;
        }
        // WordPress knows no NULL in most places.
        $delivered ??= is_string($here) ? '' : (is_array($here) ? [] : null);
        if ($field->type === FieldType::FIELD_TYPE_JSON && is_string($delivered) && is_string($here)) {
            return self::inOrder(json_decode($delivered, true)) === self::inOrder(json_decode($here, true));
        }
        if ($field->isSet() && is_array($delivered) && is_array($here)) {
            sort($delivered);
            sort($here);
        }
        return Field::fingerprint($delivered) === Field::fingerprint($here);
    }

    /** JSON whose names are sorted: their order says nothing. */
    private static function inOrder(mixed $value): mixed
    {
        if (!is_array($value)) {
            return $value;
        }
        array_is_list($value) || ksort($value);
        return array_map(self::inOrder(...), $value);
    }

    /** Which record of which platform it comes from, in short. */
    private static function source(ReceivedDelivery $delivery): string
    {
        return md5("$delivery->sourcePlatform\0$delivery->sourceModel\0$delivery->sourceLocalId");
    }
}

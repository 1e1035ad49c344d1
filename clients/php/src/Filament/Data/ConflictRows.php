<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\Client\Values;
use Cognate\V1\Conflict;
use Cognate\V1\ConflictField;
use Cognate\V1\ConflictState;
use Cognate\V1\GetConflictRequest;
use Cognate\V1\ListConflictsRequest;
use Cognate\V1\RecordKey;
use Cognate\V1\Value;
use Illuminate\Pagination\LengthAwarePaginator;

/** Edits that met, newest first. The hub does not count them: of more than `Rows::MAX_LOOKED_AT` the newest are shown. */
final class ConflictRows
{
    private const MAX_SHOWN = 200;

    public function __construct(private readonly Connection $connection)
    {
    }

    public function page(TableQuery $query): LengthAwarePaginator
    {
        return Rows::page($this->all($query), $query, ['record', 'other', 'fields']);
    }

    public function countOpen(): int
    {
        return count($this->list(ConflictState::CONFLICT_STATE_OPEN, ''));
    }

    /**
     * Both values of each field, for whoever decides.
     *
     * @return list<array{field: string, before: string, own: string, delivered: string, kept: string}>
     */
    public function fields(string $id): array
    {
        $conflict = $this->connection->client()->conflict()->getConflict((new GetConflictRequest())->setName("conflicts/$id"))->getConflict();
        $fields = [];
        foreach ($conflict?->getFields() ?? [] as $field) {
            /** @var ConflictField $field */
            $fields[] = [
                'field' => $field->getField(),
                'before' => self::shown($field->getBase()),
                'own' => self::shown($field->getOwn()),
                'delivered' => self::shown($field->getDelivered()),
                'kept' => $field->getOwnWon() ? 'own' : 'delivered',
            ];
        }
        return $fields;
    }

    /** @return list<array<string, mixed>> */
    private function all(TableQuery $query): array
    {
        $word = $query->filter('state');
        $state = $word === '' ? ConflictState::CONFLICT_STATE_UNSPECIFIED : ConflictState::value('CONFLICT_STATE_' . strtoupper($word));
        return array_map([self::class, 'row'], $this->list($state, $query->filter('platform')));
    }

    /** @return list<Conflict> */
    private function list(int $state, string $platform): array
    {
        return Rows::all(function (string $token) use ($state, $platform): array {
            $request = (new ListConflictsRequest())->setPageSize(1000)->setPageToken($token)->setState($state);
            if ($platform !== '') {
                $request->setRecord((new RecordKey())->setPlatform($platform));
            }
            $answer = $this->connection->client()->conflict()->listConflicts($request);
            return [$answer->getConflicts(), $answer->getNextPageToken()];
        });
    }

    /** @return array<string, mixed> */
    private static function row(Conflict $conflict): array
    {
        $id = (string) preg_replace('~^conflicts/~', '', $conflict->getName());
        $fields = [];
        foreach ($conflict->getFields() as $field) {
            $fields[] = $field->getField();
        }
        $record = $conflict->getRecord();
        $other = $conflict->getOtherRecord();
        return [
            'key' => $id,
            'id' => $id,
            'record' => "{$record?->getPlatform()}: {$record?->getModel()} {$record?->getLocalId()}",
            'other' => "{$other?->getPlatform()}: {$other?->getModel()} {$other?->getLocalId()}",
            'fields' => implode(', ', $fields),
            'field_names' => $fields,
            'state' => Rows::word(ConflictState::name($conflict->getState()), 'CONFLICT_STATE_'),
            'is_delete' => $conflict->getIsDelete(),
            'own_at' => Rows::time($conflict->getOwnTime()),
            'delivered_at' => Rows::time($conflict->getDeliveredTime()),
            'found_at' => Rows::time($conflict->getCreateTime()),
        ];
    }

    private static function shown(?Value $value): string
    {
        if ($value === null) {
            return '';
        }
        $read = Values::fromProto($value);
        $text = match (true) {
            $read === null => '∅',
            is_bool($read) => $read ? 'true' : 'false',
            is_scalar($read) => (string) $read,
            $read instanceof \DateTimeInterface => $read->format('Y-m-d H:i:s.u P'),
            $read instanceof \Stringable => (string) $read,
            // Lists, maps and the like: as the contract's JSON says them.
            default => $value->serializeToJsonString(),
        };
        return mb_strlen($text) > self::MAX_SHOWN ? mb_substr($text, 0, self::MAX_SHOWN) . '…' : $text;
    }
}

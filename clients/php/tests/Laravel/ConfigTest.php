<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Laravel\Bytes;
use Cognate\Laravel\Definition;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\EncodedCapture;
use Cognate\Laravel\Exceptions\InvalidDefinition;
use Cognate\Laravel\FieldValues;
use Cognate\Laravel\Options;
use Cognate\Laravel\OutboxRow;
use Cognate\Laravel\RawValues;
use Cognate\Laravel\Schema\Column;
use Cognate\Tests\Laravel\Models\User;
use Cognate\V1\CaptureRequest;
use Cognate\V1\Change;
use Cognate\V1\Field;
use Cognate\V1\FieldType;
use PHPUnit\Framework\TestCase;

/** Settings, translations, ids and values. */
final class ConfigTest extends TestCase
{
    public function testWrongSettingsAreRefusedWithWhatIsWanted(): void
    {
        foreach ([['send' => 'now'], ['capture_errors' => 'ignore'], ['batch' => 0], ['pull' => 5000]] as $wrong) {
            try {
                Options::of($wrong);
                self::fail(json_encode($wrong) . ' is taken');
            } catch (InvalidDefinition $error) {
                self::assertStringContainsString('cognate.' . array_key_first($wrong) . ': got', $error->getMessage());
            }
        }
    }

    public function testEveryTextIsThereInBothLanguages(): void
    {
        $keys = static function (string $language): array {
            $flat = [];
            $texts = require dirname(__DIR__, 2) . "/lang/$language/messages.php";
            array_walk_recursive($texts, static function (string $text, string $key) use (&$flat): void {
                preg_match_all('/:[a-z]+/', $text, $places);
                sort($places[0]);
                $flat[] = $key . implode('', $places[0]);
            });
            return $flat;
        };
        self::assertSame($keys('en'), $keys('de'));
    }

    public function testCompositeIdsAreReadAsTheyAreWritten(): void
    {
        $definition = new Definition('pair', User::class, 'pair', null, ['a', 'b']);
        foreach ([['1', '2'], ['a,b', 'c\\'], ['', 'x'], ['\\,', ',,']] as [$a, $b]) {
            $id = $definition->localId(['a' => $a, 'b' => $b]);
            self::assertSame(['a' => $a, 'b' => $b], $definition->keyOf($id));
        }
        self::assertSame('a\\,b,c', $definition->localId(['a' => 'a,b', 'b' => 'c']));
        self::assertSame([], $definition->keyOf('1,2,3'));
    }

    public function testValuesComeOutOfTheOutboxAsTheyWentIn(): void
    {
        $values = ['t' => 'ä', 'b' => new Bytes("\xff\0"), 'n' => null, 'f' => 1.0, 'i' => PHP_INT_MAX, 'x' => true, 'a' => '@bytes'];
        self::assertEquals($values, RawValues::decode(RawValues::encode($values)));
        self::assertEquals(new Bytes("\xfe"), RawValues::decode(RawValues::encode(['raw' => "\xfe"]))['raw'], 'text that is none');
        self::assertSame(RawValues::hash(['a' => 1, 'b' => 2]), RawValues::hash(['b' => 2, 'a' => 1]));
    }

    public function testBytesThatAreWrittenDirectlyAreThoseOfTheMessage(): void
    {
        $values = new FieldValues(new Options());
        $raws = [
            'null' => [null, 'text'], 'true' => [1, 'boolean'], 'false' => [0, 'boolean'], 'least' => [PHP_INT_MIN, 'bigint'], 'most' => [PHP_INT_MAX, 'bigint'], 'minus' => [-1, 'bigint'],
            'zero' => [0, 'bigint'], 'double' => [-1.5e300, 'double'], 'decimal' => ['12.50', 'numeric(10,2)'], 'text' => ['äöü', 'text'], 'empty' => ['', 'text'], 'long' => [str_repeat('x', 70000), 'text'],
            'bytes' => [new Bytes("\xff\0"), 'bytea'], 'time' => ['2026-11-22 09:00:00.123456', 'datetime'], 'early' => ['1969-12-31 23:59:59.5', 'datetime'], 'date' => ['2026-02-28', 'date'],
        ];
        $row = new OutboxRow(1, 'change', 'model', 'id', 2, [], null, 1_795_340_103_025_374, 0, false, null);
        $kinds = $fields = [];
        foreach ($raws as $name => [$raw, $native]) {
            $column = Column::of($name, $native, true, false);
            $kinds[$name] = $values->kindOf($raw, $column);
            $fields[] = (new Field())->setName($name)->setValue($values->toValue($raw, $column));
        }
        $request = EncodedCapture::of('shop', [EncodedCapture::change($row, $kinds), EncodedCapture::change($row, [])]);
        $request->sentAt(1_795_340_103_000_000);
        $change = (new Change())->setChangeId('change')->setModel('model')->setLocalId('id')->setOperation(2)->setSourceTime(FieldValues::micros(1_795_340_103_025_374));
        $whole = clone $change;
        $whole->setFields($fields);
        $message = (new CaptureRequest())->setPlatform('shop')->setChanges([$whole, $change])->setSentTime(FieldValues::micros(1_795_340_103_000_000));
        self::assertSame(bin2hex($message->serializeToString()), bin2hex($request->serializeToString()));
    }

    /** @dataProvider types */
    public function testTypesOfDatabasesAreUnderstood(string $native, int $type): void
    {
        self::assertSame($type, Column::of('x', $native, true, false)->type);
    }

    /** @return list<array{string, int}> */
    public function types(): array
    {
        return [
            ['bigint', FieldType::FIELD_TYPE_INTEGER], ['integer', FieldType::FIELD_TYPE_INTEGER], ['int4', FieldType::FIELD_TYPE_INTEGER],
            ['bigint(20) unsigned', FieldType::FIELD_TYPE_INTEGER], ['tinyint(1)', FieldType::FIELD_TYPE_BOOL], ['boolean', FieldType::FIELD_TYPE_BOOL],
            ['varchar(60)', FieldType::FIELD_TYPE_TEXT], ['character varying(60)', FieldType::FIELD_TYPE_TEXT], ['varchar', FieldType::FIELD_TYPE_TEXT],
            ['timestamp(0) without time zone', FieldType::FIELD_TYPE_TIMESTAMP], ['datetime', FieldType::FIELD_TYPE_TIMESTAMP], ['date', FieldType::FIELD_TYPE_DATE],
            ['numeric(10,2)', FieldType::FIELD_TYPE_DECIMAL], ['double precision', FieldType::FIELD_TYPE_FLOAT], ['jsonb', FieldType::FIELD_TYPE_JSON],
            ['bytea', FieldType::FIELD_TYPE_BYTES], ['uuid', FieldType::FIELD_TYPE_UUID], ["enum('a','b')", FieldType::FIELD_TYPE_ENUM],
            ['interval', FieldType::FIELD_TYPE_OTHER], ['text[]', FieldType::FIELD_TYPE_OTHER], ['time', FieldType::FIELD_TYPE_OTHER],
        ];
    }

    public function testWhatIsNoModelIsRefused(): void
    {
        $this->expectException(InvalidDefinition::class);
        $this->expectExceptionMessage('want the class of an Eloquent model');
        (new Definitions([self::class]))->all();
    }
}

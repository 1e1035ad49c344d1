<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\Cognate;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\PulledDeliveries;
use Cognate\Tests\Client\Support\Hub;
use Cognate\Tests\Client\Support\Side;
use Cognate\Tests\Client\Support\Wait;
use Cognate\V1\FieldType;
use Cognate\V1\Model;
use Cognate\V1\ModelField;
use Cognate\V1\PutModelsRequest;
use PHPUnit\Framework\TestCase;

/** Tests of one transport against a real hub. */
abstract class HubTestCase extends TestCase
{
    /** @var array<string, string> keys of platforms, by id */
    private static array $keys = [];

    abstract protected static function hub(): Hub;

    /** @return array<string, mixed> the address, and the transport that is meant */
    abstract protected static function way(): array;

    abstract protected static function label(): string;

    protected function setUp(): void
    {
        if (!Hub::isBuilt()) {
            self::markTestSkipped('[  SKIPPED ] ' . Hub::binary() . ' is not built');
        }
    }

    /** @param array<string, mixed> $more */
    protected static function connect(string $key, array $more = []): Cognate
    {
        return static::of(['key' => $key] + $more);
    }

    /** @param array<string, mixed> $more */
    protected static function of(array $more): Cognate
    {
        /** @phpstan-ignore-next-line */
        return Cognate::connect($more + static::way());
    }

    protected static function operator(): string
    {
        return self::$keys['operator ' . static::class] ??= static::hub()->key('--role', 'operator', '--display-name', 'tests');
    }

    /** @return array{string, string} a new platform and its key */
    protected static function enrolled(string $name): array
    {
        $platform = static::hub()->platform($name);
        return [$platform, static::hub()->enrol($platform)];
    }

    /** @param array<string, int> $types by field */
    protected static function putModel(Cognate $cognate, string $platform, string $model, array $types): void
    {
        $fields = [new ModelField(['name' => 'id', 'type' => FieldType::FIELD_TYPE_TEXT])];
        foreach ($types as $name => $type) {
            $field = new ModelField(['name' => $name, 'type' => $type, 'nullable' => true]);
            $fields[] = $type === FieldType::FIELD_TYPE_LIST ? $field->setElementType(FieldType::FIELD_TYPE_INTEGER) : $field;
        }
        $cognate->platformRegistry()->putModels(new PutModelsRequest([
            'platform' => "platforms/$platform",
            'models' => [new Model(['model' => $model, 'key_fields' => ['id'], 'fields' => $fields])],
        ]));
    }

    /**
     * Two platforms with the same model, and a sync between them.
     *
     * @param array<string, int> $types
     * @return array{Side, Side}
     */
    protected function pair(string $name, array $types): array
    {
        $sides = [];
        foreach (['source', 'target'] as $end) {
            [$platform, $key] = self::enrolled($name);
            $cognate = self::connect($key);
            self::putModel($cognate, $platform, 'thing', $types);
            $sides[] = new Side($platform, $key, $cognate);
        }
        static::hub()->cli('sync', 'create', "s-{$sides[0]->platform}", '--from', "{$sides[0]->platform}:thing", '--to', "{$sides[1]->platform}:thing", '--all-fields', '--map', 'id=id');
        return $sides;
    }

    protected static function pulled(Side $target): PulledDeliveries
    {
        $pulled = Wait::until(static function () use ($target): ?PulledDeliveries {
            try {
                $pulled = PulledDeliveries::from($target->cognate, $target->platform, wait: 1.0);
                return count($pulled) > 0 ? $pulled : null;
            } catch (Unavailable) {
                return null;
            }
        });
        self::assertInstanceOf(PulledDeliveries::class, $pulled, static::hub()->log());
        return $pulled;
    }
}

<?php

declare(strict_types=1);

namespace Cognate\Laravel\Console;

use Cognate\Client\Cognate;
use Cognate\Client\Exception\CognateException;
use Cognate\Laravel\Catalogue;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\Hub;
use Cognate\Laravel\Options;
use Cognate\V1\CompareModelsRequest;
use Cognate\V1\Compatibility;
use Cognate\V1\FieldType;
use Cognate\V1\Model;

/** The catalogue as the hub is told, and what fits to it elsewhere. */
final class ModelsCommand extends Command
{
    protected $signature = 'cognate:models
        {--tell : Tell the hub now}
        {--compare=* : Whether records fit another platform: `blog` (models of the same names) or `posts=blog:articles`; asks for a key that may read}
        {--key-file= : The key for --compare, where the platform\'s own may not}
        {--json : As JSON}';
    protected $description = 'Show the models as the hub knows them, and whether they fit those of other platforms';

    public function handle(Catalogue $catalogue, Definitions $definitions, Hub $hub, Options $options): int
    {
        $models = $catalogue->models();
        if ($models === []) {
            $this->say('models.none');
            return self::SUCCESS;
        }
        if ($this->option('json')) {
            $this->line('[' . implode(",\n", array_map(static fn (Model $model): string => $model->serializeToJsonString(), $models)) . ']');
        } else {
            foreach ($models as $model) {
                $this->show($model, (string) $definitions->named($model->getModel())?->class);
            }
        }
        if ($this->option('tell')) {
            $hub->putModels($models);
            $this->say('models.told');
        }
        return $this->compare($models, $hub, $options);
    }

    private function show(Model $model, string $class): void
    {
        $this->line("<info>{$model->getModel()}</info>  $class");
        $keys = iterator_to_array($model->getKeyFields(), false);
        $references = [];
        foreach ($model->getForeignKeys() as $key) {
            $references[implode(',', iterator_to_array($key->getFields(), false))] = $key->getModel();
        }
        foreach ($model->getPolymorphicPairs() as $pair) {
            $references[$pair->getIdField()] = 'whatever ' . $pair->getTypeField() . ' says';
        }
        $rows = [];
        foreach ($model->getFields() as $field) {
            $name = $field->getName();
            $rows[] = [
                $name,
                strtolower(substr(FieldType::name($field->getType()), strlen('FIELD_TYPE_'))),
                implode(', ', array_filter([
                    in_array($name, $keys, true) ? 'key' : '',
                    $field->getNullable() ? 'nullable' : '',
                    $field->getGenerated() ? 'read only' : '',
                    isset($references[$name]) ? "refers to $references[$name]" : '',
                ])),
            ];
        }
        $this->table(['Field', 'Type', ''], $rows);
    }

    /** @param list<Model> $models */
    private function compare(array $models, Hub $hub, Options $options): int
    {
        $wanted = (array) $this->option('compare');
        if ($wanted === []) {
            return self::SUCCESS;
        }
        $keyFile = $this->option('key-file');
        $client = $keyFile === null ? $hub->client() : Cognate::connect(
            ['key_file' => (string) $keyFile] + array_diff_key(array_filter($options->hub), ['key' => 1, 'key_file' => 1])
        );
        $rows = [];
        foreach ($wanted as $word) {
            [$own, $other] = str_contains($word, '=') ? explode('=', $word, 2) : ['', $word];
            [$platform, $model] = explode(':', $other, 2) + ['', ''];
            foreach ($models as $mine) {
                $name = $mine->getModel();
                if ($own !== '' && $own !== $name) {
                    continue;
                }
                $into = $model === '' ? $name : $model;
                $rows[] = [$name, "$platform:$into", ...$this->verdict($client, $hub->platform(), $name, $platform, $into)];
            }
        }
        $this->table(['Model', 'Into', 'Fits', 'Why'], $rows);
        return self::SUCCESS;
    }

    /** @return array{string, string} */
    private function verdict(Cognate $client, string $platform, string $model, string $targetPlatform, string $targetModel): array
    {
        $request = (new CompareModelsRequest())->setSourcePlatform($platform)->setSourceModel($model)
            ->setTargetPlatform($targetPlatform)->setTargetModel($targetModel);
        try {
            $answer = $client->platformRegistry()->compareModels($request);
        } catch (CognateException $error) {
            return ['?', $error->getMessage()];
        }
        $word = strtolower(substr(Compatibility::name($answer->getCompatibility()), strlen('COMPATIBILITY_')));
        return [$word, implode('; ', iterator_to_array($answer->getReasons(), false))];
    }
}

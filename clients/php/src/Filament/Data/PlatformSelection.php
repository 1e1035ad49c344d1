<?php

declare(strict_types=1);

namespace Cognate\Filament\Data;

use Cognate\Client\Exception\CognateException;
use Cognate\Laravel\Definition;
use Cognate\Laravel\Definitions;
use Cognate\Laravel\ErrorReport;
use Cognate\Laravel\Hub;
use Cognate\V1\AssignmentMode;
use Cognate\V1\GetAssignmentsRequest;
use Cognate\V1\RecordAssignments;
use Cognate\V1\RecordKey;
use Cognate\V1\SetAssignmentsRequest;
use Illuminate\Database\Eloquent\Model;

/** Which platforms a record may go to, as a form shows and changes it. */
final class PlatformSelection
{
    /** Stands in a form for platforms that could not be asked for. It goes along with the form, so that saving it later takes nothing away. */
    public const UNKNOWN = '?';

    /** @var array<string, string>|null */
    private ?array $names = null;

    public function __construct(
        private readonly Hub $hub,
        private readonly Definitions $definitions,
        private readonly PlatformRows $platforms,
        private readonly Master $master,
        private readonly Access $access,
        private readonly ErrorReport $errors,
    ) {
    }

    /** Whether records of the model are assigned one by one, and that is done here. */
    public function isVisible(Model|string|null $model): bool
    {
        return $this->master->isHere() && $this->definition($model)?->assignable === true;
    }

    /** Somebody who may not manage sees what is selected. */
    public function isEditable(): bool
    {
        return $this->access->mayManage();
    }

    /** @return array<string, string> names by id, without this application: a record is always meant for where it came from */
    public function options(): array
    {
        if ($this->names === null) {
            try {
                $names = $this->platforms->names();
                unset($names[$this->hub->platform()]);
                $this->names = $names;
            } catch (CognateException $error) {
                $this->errors->tell('the platforms cannot be listed', $error);
                $this->names = [];
            }
        }
        return [...$this->names, self::UNKNOWN => Words::of('select.unknown')];
    }

    /** @return list<string> platforms' ids, or UNKNOWN alone */
    public function selected(Model $record): array
    {
        $key = $this->key($record);
        if ($key === null) {
            return [];
        }
        try {
            $answer = $this->hub->client()->assignment()->getAssignments((new GetAssignmentsRequest())->setRecords([$key]));
            $first = $answer->getRecords()[0] ?? null;
            return $first === null ? [] : array_values(iterator_to_array($first->getPlatforms()));
        } catch (CognateException $error) {
            $this->errors->tell('the platforms of a record cannot be read', $error);
            return [self::UNKNOWN];
        }
    }

    /**
     * The record is assigned to these platforms and no others, once it is saved.
     *
     * @param list<string> $platforms
     * @return string why it was not done; empty: it was, or nothing was to be done
     */
    public function save(Model $record, array $platforms, string $author = ''): string
    {
        $key = $this->key($record);
        if ($key === null || !$this->isVisible($record) || !$this->isEditable()) {
            return '';
        }
        if (in_array(self::UNKNOWN, $platforms, true)) {
            return Words::of('select.not_saved', ['why' => Words::of('select.was_unknown')]);
        }
        $assignments = (new RecordAssignments())->setRecord($key)->setPlatforms(array_values(array_map('strval', $platforms)));
        $request = (new SetAssignmentsRequest())->setMode(AssignmentMode::ASSIGNMENT_MODE_REPLACE)->setRecords([$assignments])
            ->setAuthor(mb_strcut($author, 0, 200));
        try {
            $this->hub->client()->assignment()->setAssignments($request);
            return '';
        } catch (CognateException $error) {
            $this->errors->tell('the platforms of a record were not saved', $error);
            return Words::of('select.not_saved', ['why' => ErrorReport::words($error)]);
        }
    }

    private function key(Model $record): ?RecordKey
    {
        $definition = $this->definition($record);
        $localId = $definition === null || !$record->exists ? '' : $definition->localId($record->getAttributes());
        return $definition === null || $localId === '' ? null
            : (new RecordKey())->setPlatform($this->hub->platform())->setModel($definition->name)->setLocalId($localId);
    }

    private function definition(Model|string|null $model): ?Definition
    {
        if (is_string($model)) {
            $model = is_a($model, Model::class, true) ? new $model() : null;
        }
        return $model === null ? null : $this->definitions->of($model);
    }
}
